#include "base/proxy_url.hpp"

#include <algorithm>
#include <optional>

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace edge {
namespace {

constexpr const char* kForm =
    "write http://HOST:PORT, socks5://HOST or socks5h://HOST, with USER:PASSWORD@ ahead of HOST "
    "where the proxy asks for it";
constexpr std::size_t kMostSocksText = 255;  // of user and password, RFC 1929
constexpr std::size_t kMostHttpText = 1024;

Error not_a_proxy(const std::string& reason) {
  return fail(Errc::usage, reason, kForm);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// The text after the scheme, which is taken off it; http where there is none.
Result<ProxyUrl::Kind> take_scheme(std::string_view& text) {
  const auto end = text.find("://");
  if (end == std::string_view::npos) return ProxyUrl::Kind::http;
  const auto scheme = lower(text.substr(0, end));
  text.remove_prefix(end + 3);
  if (scheme == "http") return ProxyUrl::Kind::http;
  if (scheme == "socks5" || scheme == "socks5h") return ProxyUrl::Kind::socks5;
  const bool is_word = scheme.size() <= 16 && std::all_of(scheme.begin(), scheme.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
                       });
  return not_a_proxy(is_word ? "a proxy that speaks " + scheme + ":// is not supported"
                             : std::string("is not the URL of a proxy"));
}

Result<void> take_user(std::string_view text, ProxyUrl& proxy) {
  const auto colon = std::min(text.find(':'), text.size());
  auto user = percent_decoded(text.substr(0, colon));
  auto password = percent_decoded(text.substr(std::min(colon + 1, text.size())));
  if (!user || !password)
    return not_a_proxy("its user or password has a '%' that stands for nothing");
  proxy.user = std::move(*user);
  proxy.password = Secret(*password);
  wipe(password->data(), password->size());
  if (proxy.user.empty()) return not_a_proxy("has no user ahead of the '@'");
  const bool socks = proxy.kind == ProxyUrl::Kind::socks5;
  const auto most = socks ? kMostSocksText : kMostHttpText;
  if (proxy.user.size() > most || proxy.password.reveal().size() > most)
    return not_a_proxy("its user or password is longer than " + std::to_string(most) + " bytes");
  // Basic authentication ends the user at the first one (RFC 7617).
  if (!socks && proxy.user.find(':') != std::string::npos)
    return not_a_proxy("a ':' in a user's name cannot be said to an HTTP proxy");
  return {};
}

}  // namespace

Result<ProxyUrl> parse_proxy_url(std::string_view text) {
  ProxyUrl proxy;
  auto kind = take_scheme(text);
  if (!kind) return kind.error();
  proxy.kind = *kind;
  // The last one: passwords are often pasted as they are.
  const auto at = text.rfind('@');
  if (at != std::string_view::npos) {
    if (auto taken = take_user(text.substr(0, at), proxy); !taken) return taken.error();
    text.remove_prefix(at + 1);
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  const bool has_port = text.rfind(':') != std::string_view::npos && !text.ends_with(']');
  std::string address(text);
  if (!has_port) {
    // Programs disagree (80, 1080, 3128), and so would ours with one of them.
    if (proxy.kind == ProxyUrl::Kind::http) return not_a_proxy("names no port");
    address += ":1080";
  }
  auto parsed = parse_host_port(address);
  if (!parsed || parsed->port == 0)
    return not_a_proxy("does not end in a host and a port (an IPv6 address in brackets)");
  proxy.address = std::move(*parsed);
  return proxy;
}

std::string format_proxy_url(const ProxyUrl& proxy) {
  const std::string scheme = proxy.kind == ProxyUrl::Kind::http ? "http://" : "socks5://";
  const auto user = proxy.user.empty() ? "" : printable(proxy.user, 64) + "@";
  return scheme + user + format_host_port(proxy.address);
}

std::string proxy_name(const ProxyUrl& proxy) {
  return "proxy " + format_host_port(proxy.address);
}

}  // namespace edge
