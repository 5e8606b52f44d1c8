#include "agent/doctor.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "agent/doctor_words.hpp"
#include "agent/run_lock.hpp"

namespace edge::agent {
namespace {

// The doctor runs as root, its agent perhaps not: the agent must find its file readable.
void give_back(const std::filesystem::path& folder) {
  struct stat about {};
  if (::geteuid() != 0 || ::stat(folder.c_str(), &about) != 0 || about.st_uid == 0) return;
  [[maybe_unused]] const int given =
      ::lchown((folder / "counter").c_str(), about.st_uid, about.st_gid);
}

}  // namespace

Doctor::Doctor(doctor::Report& report, const config::AgentConfig& config, DoctorOptions options)
    : report_(report), config_(config), options_(std::move(options)), folder_(config.state) {}

net::Task<> Doctor::examine() {
  const bool joined = look_at_identity();
  if (!joined) {
    report_.skip("all else", "", "needs the identity of a node that has joined");
    co_return;
  }
  look_at_agent();
  co_await look_at_proxy();
  co_await look_at_poll_ports();
  co_await try_ways();
}

net::Task<> Doctor::look_at_proxy() {
  report_.begin("proxy");
  if (!options_.no_dial.empty()) {
    report_.fail(options_.no_dial, {"the agent does not start with this",
                                    "correct proxy.url (edge-agent.yaml) or the variable"});
    co_return;
  }
  if (!options_.dial.proxies) {
    report_.skip("none is named: the agent dials directly");
    co_return;
  }
  const auto& proxy = options_.dial.proxies->proxy();
  report_.pass(format_proxy_url(proxy) + ", named by " + options_.dial.proxies->origin());
  doctor::Reach reach(report_, proxy_advice(), "proxy", proxy.address, options_.each);
  auto socket = co_await reach.connect();
}

bool Doctor::look_at_identity() {
  report_.begin("identity", config_.state.string());
  auto loaded = folder_.load();
  if (!loaded) {
    report_.fail(loaded.error().message,
                 {"who this node is to edged cannot be read: not root, or the file is damaged",
                  loaded.error().hint.empty() ? "sudo edge-agent doctor" : loaded.error().hint});
    return false;
  }
  if (!*loaded) {
    report_.fail("this node has not joined an endpoint",
                 {"there is nobody to be for edged",
                  "on the server: edgectl endpoint create NAME prints the line to run here"});
    return false;
  }
  identity_ = **loaded;
  const auto who = "endpoint " + identity_.name + ", instance " + identity_.instance.text;
  if (identity_.key.empty()) {
    report_.pass(who + ", not associated yet: that happens when the agent first runs");
    return true;
  }
  auto counter = folder_.first_counter();
  if (!counter) {
    report_.fail(counter.error().message,
                 {"the state folder cannot be written: not root, or its disk is full",
                  "sudo edge-agent doctor; df " + config_.state.string()});
    return false;
  }
  give_back(folder_.path());
  link_.emplace(identity_, *counter);
  report_.pass(who);
  return true;
}

void Doctor::look_at_agent() {
  report_.begin("agent");
  const auto process = RunLock::holder(config_.state);
  runs_ = process.has_value();
  if (runs_) return report_.pass("runs, pid " + std::to_string(*process));
  report_.fail("no agent runs with " + config_.state.string(),
               {"nobody asks edged whether this node is needed", options_.start});
}

}  // namespace edge::agent
