// Checks that need more than one key, or more than the text of one.
#include <sys/un.h>

#include "base/address.hpp"
#include "base/address_set.hpp"
#include "base/ids.hpp"
#include "base/proxy_exceptions.hpp"
#include "base/proxy_url.hpp"
#include "base/target_rules.hpp"
#include "base/text.hpp"
#include "config/settings.hpp"

namespace edge::config {
namespace {

constexpr std::size_t kMaxListeners = 16;
constexpr std::size_t kMaxPins = 8;  // a token stays one line that people paste

// Collects every mistake, so that an operator corrects them in one go.
class Mistakes {
 public:
  void add(std::string_view path, const std::string& what) {
    text_ += (text_.empty() ? "" : "\n") + std::string(path) + ": " + what;
  }
  Result<void> finish() const {
    if (text_.empty()) return {};
    return fail(Errc::usage, text_);
  }

 private:
  std::string text_;
};

void check_listeners(Mistakes& mistakes, std::string_view path,
                     const std::vector<std::string>& addresses) {
  if (addresses.empty()) mistakes.add(path, "must not be empty, agents could not connect");
  if (addresses.size() > kMaxListeners) {
    mistakes.add(path, "more than " + std::to_string(kMaxListeners) + " addresses");
    return;
  }
  for (const auto& address : addresses) {
    if (const auto parsed = parse_host_port(address); !parsed)
      mistakes.add(path, parsed.error().message);
  }
}

void check_addresses(Mistakes& mistakes, std::string_view path,
                     const std::vector<std::string>& entries) {
  if (entries.size() > AddressSet::kMostEntries) {
    mistakes.add(path, "more than " + std::to_string(AddressSet::kMostEntries) + " addresses");
    return;
  }
  // One by one, so that each mistake has a line with its key.
  for (const auto& entry : entries) {
    if (const auto set = AddressSet::parse({entry}); !set)
      mistakes.add(path, set.error().message + ", " + set.error().hint);
  }
}

void check_pins(Mistakes& mistakes, std::string_view path, const std::vector<std::string>& pins) {
  if (pins.size() > kMaxPins) {
    mistakes.add(path, "more than " + std::to_string(kMaxPins) + " pins");
    return;
  }
  for (const auto& pin : pins) {
    if (is_pin(pin)) continue;
    mistakes.add(path, "'" + printable(pin, 64) +
                           "' is no pin, write sha256/ and the base64 of 32 bytes, or system");
  }
}

void check_targets(Mistakes& mistakes, std::string_view path,
                   const std::vector<std::string>& entries) {
  // One by one, so that each mistake has a line with its key.
  for (const auto& entry : entries) {
    if (const auto rules = TargetRules::parse({entry}); !rules)
      mistakes.add(path, rules.error().message + ", " + rules.error().hint);
  }
}

}  // namespace

Result<void> check(const EdgedConfig& config) {
  Mistakes mistakes;
  check_listeners(mistakes, "poll.listen", config.poll_listen);
  check_listeners(mistakes, "tunnel.listen", config.tunnel_listen);
  if (!config.poll_url.empty()) {
    if (const auto url = parse_https_url(config.poll_url); !url) {
      mistakes.add("poll.url", url.error().message);
    }
  }
  if (!config.tunnel_address.empty()) {
    const auto address = parse_host_port(config.tunnel_address);
    if (!address) mistakes.add("tunnel.address", address.error().message);
    // Port 0 has a meaning for a listener ("any"), but nobody can dial it.
    if (address && address->port == 0)
      mistakes.add("tunnel.address", "needs a port that agents can dial");
  }
  check_pins(mistakes, "poll.pins", config.poll_pins);
  check_addresses(mistakes, "proxy.trusted", config.trusted_proxies);
  if (config.admin_socket.native().size() >= sizeof(sockaddr_un::sun_path)) {
    mistakes.add("admin.socket", "longer than the 107 bytes that a Unix socket's path may have");
  }
  if (config.certificate_key == config.certificate) {
    mistakes.add("tls.key", "must be another file than tls.certificate");
  }
  return mistakes.finish();
}

Result<void> check(const AgentConfig& config) {
  Mistakes mistakes;
  if (!config.shell.empty() && !config.shell.starts_with('/')) {
    mistakes.add("session.shell", "'" + printable(config.shell, 64) +
                                      "' is not accepted, write a path that starts with / or \"\"");
  }
  const auto& sftp = config.sftp_server.native();
  // It becomes a word of the account's shell.
  if (!sftp.starts_with('/') || sftp.find('\'') != std::string::npos) {
    mistakes.add("session.sftp-server",
                 "'" + printable(sftp, 64) +
                     "' is not accepted, write a path that starts with / and has no quotes");
  }
  check_targets(mistakes, "session.allow-targets", config.allow_targets);
  check_targets(mistakes, "session.allow-listen", config.allow_listen);
  if (config.backoff_least > config.backoff_most) {
    mistakes.add("check-in.backoff-least", "must not be longer than check-in.backoff-most");
  }
  const auto& transport = config.tunnel_transport;
  if (transport != "auto" && transport != "direct" && transport != "poll-port") {
    mistakes.add("tunnel.transport", "'" + printable(transport, 64) +
                                         "' is not accepted, write auto, direct or poll-port");
  }
  const auto proxy = config.proxy_url.reveal();  // parsed only: its errors repeat nothing of it
  if (!proxy.empty() && proxy != "none") {
    if (const auto parsed = parse_proxy_url(proxy); !parsed)
      mistakes.add("proxy.url", parsed.error().message + "; " + parsed.error().hint);
  }
  for (const auto& entry : config.proxy_except) {
    if (const auto parsed = ProxyExceptions::parse({entry}); !parsed)
      mistakes.add("proxy.except", parsed.error().message + ", " + parsed.error().hint);
  }
  return mistakes.finish();
}

}  // namespace edge::config
