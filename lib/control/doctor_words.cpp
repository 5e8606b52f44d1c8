#include "control/doctor_words.hpp"

namespace edge::control {

const doctor::Advice& poll_advice() {
  static const doctor::Advice advice{
      .no_name =
          {"the name in poll.url means nothing here; agents must be able to look it up",
           "correct the name's record, or poll.url (edged.yaml) and join tokens made from then on"},
      .refused = {"nothing listens at the address that join tokens name, or a firewall refuses",
                  "compare poll.url with poll.listen (edged.yaml), and look at the proxy or port "
                  "forwarding in between"},
      .silent =
          {"packets to the address that join tokens name are swallowed: a firewall, a wrong "
           "address, or a NAT that does not reflect (then only this machine cannot see itself)",
           "try from another machine: openssl s_client -connect HOST:PORT"},
      .no_way = {"this machine has no way to that address", "ip route get ADDRESS"},
      .no_tls = {"what answers there is no TLS 1.3 server", "look at what listens there: ss -tlnp"},
      .wrong_pin = {
          "what answers there is not edged, or it has another key than new join tokens pin: no "
          "agent will talk to it",
          "where a proxy shows its own certificate: poll.pins (edged.yaml, "
          "docs/behind-a-proxy.md); else tls.key is another one than the one agents know"}};
  return advice;
}

const doctor::Advice& tunnel_advice() {
  static const doctor::Advice advice{
      .no_name =
          {"the name in tunnel.address means nothing here; agents must be able to look it up",
           "correct the name's record, or tunnel.address (edged.yaml)"},
      .refused = {"nothing listens at the address that agents are told, or a firewall refuses: "
                  "check-ins work, tunnels cannot",
                  "compare tunnel.address with tunnel.listen (edged.yaml), and look at the "
                  "balancer or port forwarding in between"},
      .silent = {"packets to the tunnel port are swallowed: a firewall, a wrong address, or a NAT "
                 "that does not reflect (then only this machine cannot see itself)",
                 "open the tunnel port for incoming TCP; try from another machine: ssh-keyscan -p "
                 "PORT HOST"},
      .no_way = {"this machine has no way to that address", "ip route get ADDRESS"},
      .no_ssh = {"what listens there is not edged's tunnel port",
                 "compare tunnel.address with tunnel.listen (edged.yaml)"},
      .silent_ssh = {"something takes the connection and has no edged behind it",
                     "look at the balancer in front of the tunnel port"},
      .wrong_host_key = {"what answers there is not this edged: agents will refuse it",
                         "compare tunnel.address with tunnel.listen (edged.yaml); ssh.host-key "
                         "must stay the one that join tokens name"}};
  return advice;
}

}  // namespace edge::control
