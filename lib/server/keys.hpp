// What edged shows to agents: certificate and host key, read from the files of the configuration.
#pragma once

#include <string>

#include "config/settings.hpp"
#include "net/tls.hpp"

namespace edge::server {

struct Keys {
  net::TlsContext tls;
  std::string pin;  // of the certificate's public key
  Secret host_key;  // OpenSSH's format
  std::string host_key_fingerprint;
};

// Errors name the file: missing, readable by others, no key, not belonging together. `tickets`: for
// sessions that are resumed, the same for every context.
Result<Keys> load_keys(const config::EdgedConfig& config,
                       const std::shared_ptr<net::TicketRing>& tickets);
// The certificate alone, for SIGHUP.
Result<net::TlsContext> load_tls(const config::EdgedConfig& config,
                                 const std::shared_ptr<net::TicketRing>& tickets, std::string& pin);

}  // namespace edge::server
