#include "control/forward/forward_run.hpp"

#include <pwd.h>
#include <unistd.h>

#include <iostream>

namespace edge::control {
namespace {

std::string own_account() {
  const auto* entry = ::getpwuid(::getuid());
  return entry != nullptr ? entry->pw_name : std::to_string(::getuid());
}

WallTime now() {
  return SystemClock().wall();
}

ForwardStatus status_of(const ForwardOptions& options) {
  ForwardStatus status;
  status.id = new_forward_id();
  status.endpoint = options.endpoint;
  status.account = options.user;
  status.started_by = own_account();
  status.process = ::getpid();
  status.since = status.state_since = now();
  status.limit = options.limit;
  return status;
}

NodeConnection::Order order_of(const ForwardOptions& options, const std::string& endpoint_id) {
  NodeConnection::Order order;
  order.session.socket = options.socket;
  order.session.endpoint = options.endpoint;
  order.session.endpoint_id = endpoint_id;
  order.session.instance = options.instance;
  order.session.wait = options.wait;
  order.account = options.user;
  order.state_folder = options.state_folder;
  return order;
}

std::vector<const ForwardSpec*> remote_specs(const ForwardOptions& options) {
  std::vector<const ForwardSpec*> specs;
  for (const auto& spec : options.specs) {
    if (!spec.listens_here()) specs.push_back(&spec);
  }
  return specs;
}

}  // namespace

ForwardRun::ForwardRun(const ForwardOptions& given, const std::string& endpoint_id)
    : options(given),
      terminal(detect_terminal()),
      progress(std::cerr, terminal, given.quiet),
      voice(given.quiet),
      status(status_of(given)),
      session(
          loop.get_executor(), order_of(given, endpoint_id),
          [this](ForwardState state, const std::string& why) { on_state(state, why); },
          [this](ForwardSession::Node node) { return far.hold(std::move(node)); }),
      connections(loop.get_executor(), session, status, voice),
      far(remote_specs(given), connections),
      bell(std::make_shared<net::Notify>(loop.get_executor())) {}

void ForwardRun::on_state(ForwardState state, const std::string& why) {
  const bool changed = status.state != state;
  const auto before = status.state;
  const auto lasted = now() - status.state_since;
  if (changed) status.state_since = now();
  status.state = state;
  status.session = session.session_id();
  if (!why.empty()) status.last_error = why;
  if (!changed && state != ForwardState::offline) return;
  const auto reason = why.empty() ? std::string() : " (" + why + ")";
  const auto& name = options.endpoint;
  if (state == ForwardState::connected) {
    voice.say(before == ForwardState::connecting ? "connected to " + name
                                                 : name + " is back after " + format_age(lasted));
  } else if (state == ForwardState::paused) {
    voice.say(name + " is out of reach; open connections wait for it" + reason);
  } else if (state == ForwardState::offline && changed) {
    voice.say("the session on " + name + " is lost; opening another one" + reason);
  } else if (state == ForwardState::offline && !why.empty() && why != told_offline_) {
    voice.say(name + " is not back yet" + reason);
  }
  told_offline_ = why;
}

void ForwardRun::stop(int status_of_exit) {
  if (stopping) return;
  stopping = true;
  exit_status = status_of_exit;
  bell->ring();
}

std::vector<std::string> ForwardRun::describe(std::vector<std::string>& chosen) const {
  std::vector<std::string> lines;
  std::size_t here = 0, there = 0;
  for (const auto& spec : options.specs) {
    const auto place = spec.listens_here() ? near[here++]->place() : far.place(there++);
    const auto flag = spec.text.substr(0, 2);
    lines.push_back(flag + " " + print_place(place) + " -> " +
                    (spec.target ? print_place(*spec.target) : "SOCKS"));
    if (!spec.listen.is_socket() && spec.listen.port == 0) chosen.push_back(print_place(place));
  }
  return lines;
}

}  // namespace edge::control
