#include "server/keys.hpp"

#include "base/files.hpp"
#include "crypto/certificate.hpp"
#include "ssh/key.hpp"

namespace edge::server {

Result<net::TlsContext> load_tls(const config::EdgedConfig& config,
                                 const std::shared_ptr<net::TicketRing>& tickets,
                                 std::string& pin) {
  auto certificate = read_file(config.certificate);
  if (!certificate) return certificate.error();
  auto key = read_private_file(config.certificate_key);
  if (!key) return key.error();
  auto context = net::make_server_context(*certificate, Secret(*key), tickets);
  wipe(key->data(), key->size());
  if (!context) {
    const bool of_key = context.error().message.starts_with("no private key");
    const auto& file = of_key ? config.certificate_key : config.certificate;
    return fail(context.error().code, file.string() + ": " + context.error().message);
  }
  auto found = crypto::pin_of_certificate(*certificate);
  if (!found) return found.error();
  pin = *found;
  return context;
}

Result<Keys> load_keys(const config::EdgedConfig& config,
                       const std::shared_ptr<net::TicketRing>& tickets) {
  Keys keys;
  auto tls = load_tls(config, tickets, keys.pin);
  if (!tls) return tls.error();
  keys.tls = *tls;
  auto text = read_private_file(config.host_key);
  if (!text) return text.error();
  keys.host_key = Secret(*text);
  wipe(text->data(), text->size());
  auto key = ssh::Key::from_private_text(keys.host_key);
  if (!key) return fail(key.error().code, config.host_key.string() + ": " + key.error().message);
  keys.host_key_fingerprint = key->fingerprint();
  return keys;
}

}  // namespace edge::server
