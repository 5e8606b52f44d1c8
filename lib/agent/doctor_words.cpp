#include "agent/doctor_words.hpp"

#include <ctime>

#include "wire/json.hpp"

namespace edge::agent {
namespace {

// The code of edged's own errors; "" for what is not edged's.
std::string error_code_of(const net::Response& response) {
  const auto json = wire::parse_json_object(response.body);
  if (!json || !json->contains("error") || !(*json)["error"].is_object()) return "";
  const auto code = wire::text_field((*json)["error"], "code", {1, 64});
  return code ? *code : "";
}

BadAnswer by_somebody_else(int status) {
  const auto number = std::to_string(status);
  if (status == 502 || status == 503 || status == 504) {
    return {number + ", and not edged's own",
            {"a proxy on the way does not reach edged",
             "on the server: edgectl doctor; then the proxy's own log (docs/behind-a-proxy.md)"}};
  }
  return {number + ", and not edged's own",
          {"something else than edged answers at this address",
           "look at what listens there, and at the URL: edge-agent status"}};
}

}  // namespace

const doctor::Advice& poll_advice() {
  static const doctor::Advice advice{
      .no_name = {"this node cannot look the name up: no name server, or no such name",
                  "getent hosts NAME here; correct the name's record, /etc/resolv.conf, or join "
                  "with a URL that resolves here"},
      .refused =
          {"the machine is there and refuses: nothing listens on that port, or a firewall says no",
           "on the server: systemctl status edged, then edgectl doctor"},
      .silent =
          {"packets are swallowed: a firewall on the way, or no machine at that address",
           "let this node reach the poll port (TCP, outgoing); on the server: edgectl doctor"},
      .no_way = {"this node has no way to that address",
                 "ip route get ADDRESS here; mend the route"},
      .no_tls = {"what answers speaks no TLS 1.3, or something on the way cuts it",
                 "openssl s_client -connect HOST:PORT here; on the server: edgectl doctor"},
      .wrong_pin = {"the server has another key than the join token says, or somebody in between "
                    "shows its own",
                    "on the server: edgectl status shows the pins; where they are new: edgectl "
                    "endpoint token NAME, then edge-agent join here. It is never overridden"},
      .proxy_fails = {"the proxy that this node has to use cannot get there, or says no",
                      "the proxy's own log; let it connect to HOST:PORT (CONNECT), or name this "
                      "target in proxy.except"},
      .proxy_wants_login = {"the proxy wants another user or password",
                            "put them into proxy.url (edge-agent.yaml) or the variable that names "
                            "it: http://USER:PASSWORD@HOST:PORT"}};
  return advice;
}

const doctor::Advice& tunnel_advice() {
  static const doctor::Advice advice{
      .no_name = {"this node cannot look the tunnel port's name up: check-ins work, tunnels cannot",
                  "correct the name's record, or tunnel.address on the server (edged.yaml)"},
      .refused =
          {"the machine is there and refuses: nothing listens on the tunnel port, or a firewall "
           "says no",
           "on the server: edgectl doctor; check tunnel.listen and tunnel.address (edged.yaml)"},
      .silent =
          {"packets to the tunnel port are swallowed: a firewall on the way lets the poll port "
           "through and this one not, or the address is wrong",
           "let this node reach the tunnel port (TCP, outgoing); on the server: edgectl doctor"},
      .no_way = {"this node has no way to that address",
                 "ip route get ADDRESS here; mend the route"},
      .no_ssh =
          {"what listens on the tunnel port is not edged, or something on the way cuts SSH",
           "look at tunnel.address on the server (edged.yaml), and at balancers in front of it"},
      .silent_ssh = {"the tunnel port takes the connection and then nothing comes: something on "
                     "the way swallows SSH, or a balancer has no edged behind it",
                     "on the server: edgectl doctor; let SSH pass on the tunnel port"},
      .wrong_host_key =
          {"edged has another host key than the join token says, or somebody in between shows its "
           "own",
           "on the server: edgectl status shows the host key; where it is new: edgectl endpoint "
           "token NAME, then edge-agent join here. It is never overridden"},
      .proxy_fails = {"the proxy that this node has to use cannot get there, or says no",
                      "the proxy's own log; let it connect to HOST:PORT (CONNECT), or name this "
                      "target in proxy.except"},
      .proxy_wants_login = {"the proxy wants another user or password",
                            "put them into proxy.url (edge-agent.yaml) or the variable that names "
                            "it: http://USER:PASSWORD@HOST:PORT"}};
  return advice;
}

const doctor::Advice& proxy_advice() {
  static const doctor::Advice advice{
      .no_name = {"this node cannot look the proxy's name up, and must go through it",
                  "correct proxy.url (edge-agent.yaml) or the variable that names it"},
      .refused = {"nothing listens there, or a firewall refuses",
                  "correct proxy.url (edge-agent.yaml), or start the proxy"},
      .silent = {"packets to the proxy are swallowed", "let this node reach its proxy"},
      .no_way = {"this node has no way to the proxy", "ip route get ADDRESS here; mend the route"}};
  return advice;
}

bool is_older_edged(const net::Response& response) {
  return response.status == 404 && error_code_of(response) == "not-found";
}

std::optional<BadAnswer> judge_answer(const net::Response& response, const std::string& endpoint) {
  const auto code = error_code_of(response);
  if (response.status == 200) return std::nullopt;
  if (response.status == 401 && code == "unauthorized") {
    return BadAnswer{
        "401: edged refuses edge ID and token",
        {"the endpoint has a new token, was disassociated, or this node's identity is that of "
         "another edged",
         "on the server: edgectl endpoint token " + endpoint + ", then edge-agent join here"}};
  }
  if (response.status == 410 && code == "removed") {
    return BadAnswer{"410: the endpoint was removed",
                     {"an operator removed it: its agents stop by themselves",
                      "edge-agent leave here, or join another endpoint"}};
  }
  if (response.status == 409) {
    return BadAnswer{"409: another machine checks in with this node's identity",
                     {"a clone of its disk", "on the copy: edge-agent leave, then join again"}};
  }
  const bool later = (response.status == 503 || response.status == 429) &&
                     !net::find_header(response.headers, "Retry-After").empty();
  if (later) {
    return BadAnswer{std::to_string(response.status) + ": edged asks to come again later",
                     {"it is shutting down or has too much to do",
                      "again in a moment; on the server: edgectl doctor"}};
  }
  if (!code.empty()) {
    return BadAnswer{std::to_string(response.status) + ": " + code,
                     {"edged cannot answer just now", "on the server: journalctl -u edged"}};
  }
  return by_somebody_else(response.status);
}

std::optional<WallTime> parse_http_date(const std::string& text) {
  std::tm parts{};
  const char* const end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return WallTime(std::chrono::seconds(::timegm(&parts)));
}

}  // namespace edge::agent
