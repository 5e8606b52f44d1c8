#include "control/doctor.hpp"

#include "base/text.hpp"
#include "control/doctor_words.hpp"
#include "control/json_fields.hpp"
#include "control/output.hpp"
#include "doctor/run.hpp"
#include "net/http.hpp"

namespace edge::control {
namespace {

constexpr double kLeastFree = 100e6;  // bytes
constexpr double kNearlyAll = 0.9;
constexpr std::chrono::hours kSoon{24 * 14};

std::vector<std::string> texts_at(const nlohmann::json& object, const char* key) {
  std::vector<std::string> texts;
  for (const auto& item : list_at(object, key)) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

// "31 of 20000", and whether that is nearly all.
struct Used {
  std::string text;
  bool nearly_all = false;
};
Used used_of(const nlohmann::json& part) {
  const auto open = number_at(part, "open").value_or(0);
  const auto limit = number_at(part, "limit").value_or(0);
  return {count_at(part, "open") + " of " + count_at(part, "limit"),
          limit > 0 && open >= kNearlyAll * limit};
}

bool is_edgeds_401(const net::Response& response) {
  const auto body = nlohmann::json::parse(response.body, nullptr, false);
  return response.status == 401 && text_at(object_at(body, "error"), "code") == "unauthorized";
}

}  // namespace

Doctor::Doctor(doctor::Report& report, AdminClient api, DoctorOptions options)
    : report_(report), api_(std::move(api)), options_(std::move(options)) {}

void Doctor::examine(const std::string& endpoint) {
  name_ = endpoint;
  if (!look_at_edged()) {
    report_.skip("all else", "", "needs edged");
    return;
  }
  const bool known = !name_.empty() && look_at_endpoint();
  look_at_ports();
  look_at_own_health();
  if (!known) return;
  look_at_association();
  look_at_instances();
  look_at_hold();
  look_at_last_tunnel();
  try_tunnel();
}

void Doctor::look_at_ports() {
  const auto url = text_at(status_, "url");
  doctor::run(look_at_url(url));
  const auto own_url = text_at(endpoint_, "url");
  if (!own_url.empty() && own_url != url) doctor::run(look_at_url(own_url));
  doctor::run(look_at_tunnel_port());
}

void Doctor::look_at_own_health() {
  if (object_at(status_, "store").empty()) return;  // an older edged does not look at itself
  look_at_certificate(object_at(status_, "certificate"));
  look_at_store(object_at(status_, "store"));
  look_at_descriptors(object_at(status_, "descriptors"));
  look_at_connections(object_at(status_, "connections"));
  look_at_log(status_);
}

bool Doctor::look_at_edged() {
  report_.begin("edged", api_.socket());
  auto seen = api_.get("/v1/doctor");
  const bool is_older = !seen && seen.error().code == Errc::not_found;
  if (is_older) seen = api_.get("/v1/status");
  if (!seen) {
    report_.fail(seen.error().message,
                 {"edged does not run, or its socket is not the one that is asked",
                  seen.error().hint.empty() ? "systemctl status edged" : seen.error().hint});
    return false;
  }
  status_ = *seen;
  const auto version = text_at(status_, "version");
  if (version == EDGE_VERSION) {
    report_.pass("answers, version " + version);
  } else {
    report_.fail(
        "it is version " + version + ", and this edgectl is " + EDGE_VERSION,
        {"one of them was upgraded and the other was not started anew", "systemctl restart edged"});
  }
  return true;
}

net::Task<> Doctor::look_at_url(std::string text) {
  auto url = parse_https_url(text);
  if (!url) {
    report_.begin("poll name", text);
    report_.fail(url.error().message, {"agents cannot dial it", "correct poll.url (edged.yaml)"});
    co_return;
  }
  doctor::Reach reach(report_, poll_advice(), "poll", url->address, options_.each);
  auto socket = co_await reach.connect();
  if (!socket) co_return;
  auto pins = texts_at(status_, "pins");
  auto stream = co_await reach.tls(std::move(*socket), std::move(pins), "a new join token");
  if (!stream) co_return;
  co_await ask_unauthorized(std::move(text), std::move(stream));
}

// Who brings no credentials is refused in edged's own words.
net::Task<> Doctor::ask_unauthorized(std::string url, std::unique_ptr<net::TlsStream> stream) {
  report_.begin("poll http", std::move(url));
  net::Request request;
  request.method = "GET";
  request.target = "/v1/check-in";
  request.headers = {{"Host", "edge"}};
  request.keep_alive = false;
  const auto failed = co_await net::write_request(*stream, std::move(request));
  net::HttpReader reader(*stream);
  net::HttpLimits limits;
  limits.idle = limits.head_deadline = limits.body_deadline = options_.each;
  Result<net::Response> response = fail(Errc::unreachable, "the connection was lost");
  if (!failed) response = co_await reader.response(limits);
  if (response && is_edgeds_401(*response)) {
    report_.pass("edged answers, and refuses who brings no credentials");
  } else if (response) {
    report_.fail("answered " + std::to_string(response->status) + ", which is not edged's 401",
                 {"something in front of edged answers in its place, or does not reach it",
                  "look at the proxy that poll.url names: its backend, its log"});
  } else {
    report_.fail(response.error().message,
                 {"the TLS connection came about, and then no answer did",
                  "journalctl -u edged; look at the proxy in front of it"});
  }
}

net::Task<> Doctor::look_at_tunnel_port() {
  const auto text = text_at(status_, "tunnel");
  auto address = parse_host_port(text);
  if (!address) {
    report_.begin("tunnel name", text);
    report_.fail(address.error().message,
                 {"agents cannot dial it", "correct tunnel.address (edged.yaml)"});
    co_return;
  }
  doctor::Reach reach(report_, tunnel_advice(), "tunnel", *address, options_.each);
  auto socket = co_await reach.connect();
  if (!socket) co_return;
  std::vector<std::string> known{text_at(status_, "host-key")};
  co_await reach.ssh(std::move(*socket), std::move(known), "a join token");
}

// Agents that pin a key look at no dates; those that trust the system's CAs do.
void Doctor::look_at_certificate(const nlohmann::json& seen) {
  report_.begin("certificate", text_at(seen, "file"));
  const auto pins = texts_at(status_, "pins");
  const bool by_dates = std::find(pins.begin(), pins.end(), "system") != pins.end();
  const auto from = parse_rfc3339(text_at(seen, "not-before"));
  const auto until = parse_rfc3339(text_at(seen, "not-after"));
  if (!from || !until) {
    return report_.fail(text_at(seen, "reason"),
                        {"edged cannot read its certificate any more: the next start will fail",
                         "ls -l " + text_at(seen, "file")});
  }
  if (text_at(seen, "pin") != text_at(status_, "pin")) {
    return report_.fail(
        "the file has another key than edged uses",
        {"agents pin the key in use: after the next start all of them would be lost",
         "put the old key back: renew certificates with the same key"});
  }
  const auto now = SystemClock().wall();
  const auto dates = "good from " + format_rfc3339(*from) + " until " + format_rfc3339(*until);
  if (by_dates && (now < *from || now + kSoon > *until)) {
    return report_.fail(dates, {"agents that trust by 'system' refuse a certificate out of date: "
                                "it is, or will be within two weeks",
                                "renew it with the same key, then systemctl reload edged"});
  }
  report_.pass(dates + (by_dates ? "" : "; agents pin its key and look at no dates"));
}

void Doctor::look_at_store(const nlohmann::json& seen) {
  report_.begin("store", text_at(seen, "folder"));
  if (!is_true_at(seen, "writable")) {
    return report_.fail(
        text_at(seen, "reason"),
        {"nobody can associate and nothing can be changed: the disk is full, read-only or broken",
         "df " + text_at(seen, "folder") + "; journalctl -u edged"});
  }
  const auto free = number_at(seen, "free-bytes");
  if (free && *free < kLeastFree) {
    return report_.fail(
        format_bytes(free) + " are free",
        {"the disk is nearly full: soon nobody can associate and nothing can be changed",
         "df " + text_at(seen, "folder")});
  }
  report_.pass("can be written" + (free ? ", " + format_bytes(free) + " are free" : ""));
}

void Doctor::look_at_descriptors(const nlohmann::json& seen) {
  report_.begin("descriptors");
  const auto used = used_of(seen);
  if (!used.nearly_all) return report_.pass(used.text + " are in use");
  report_.fail(
      used.text + " are in use",
      {"edged will soon be unable to open anything",
       "raise LimitNOFILE of its unit (systemctl edit edged), then systemctl restart edged"});
}

void Doctor::look_at_connections(const nlohmann::json& seen) {
  report_.begin("connections");
  const auto used = used_of(seen);
  if (!used.nearly_all) return report_.pass(used.text + " are in use");
  report_.fail(used.text + " are in use",
               {"poll and tunnel port together are at their bound: agents are refused",
                "raise limits.connections (edged.yaml), and LimitNOFILE of the unit above it"});
}

void Doctor::look_at_log(const nlohmann::json& seen) {
  report_.begin("log");
  const auto lost = number_at(seen, "log-lines-lost").value_or(0);
  if (lost == 0) return report_.pass("no line was lost");
  report_.fail(count_at(seen, "log-lines-lost") + " lines were lost since edged was started",
               {"whoever reads edged's log does not keep up, or stood still for a while",
                "systemctl status systemd-journald"});
}

}  // namespace edge::control
