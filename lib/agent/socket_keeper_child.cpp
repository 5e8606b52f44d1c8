#include <poll.h>

#include <cstdlib>
#include <map>

#include "agent/control_message.hpp"
#include "agent/control_socket.hpp"
#include "agent/socket_keeper.hpp"
#include "base/target_rules.hpp"
#include "net/unix_listener.hpp"

namespace edge::agent {
namespace {

using wire::SocketAsk;
using Listeners = std::map<std::string, net::UnixListener>;

TargetRules rules_of(const std::vector<std::string>& entries) {
  auto rules = TargetRules::parse(entries);
  return rules ? std::move(*rules) : TargetRules();  // the settings were checked: or nothing
}

void answer(int questions, const Result<void>& said, int descriptor = -1) {
  const std::span<const int> given(&descriptor, said && descriptor >= 0 ? 1 : 0);
  [[maybe_unused]] const auto sent = send_packet(questions, wire::print_socket_answer(said), given);
}

Error not_among(const std::string& path, const char* setting) {
  return fail(Errc::not_allowed, path + " is not among " + setting + " of this node");
}

Result<Descriptor> connect(const std::string& path, const TargetRules& rules) {
  auto target = net::find_unix_socket(path);
  if (!target) return target.error();
  if (!rules.allows_socket(target->real_path))
    return not_among(target->real_path, "session.allow-targets");
  return net::connect_unix_target(*target);
}

Result<net::UnixListener> listen(const std::string& path, const TargetRules& rules) {
  auto listener = net::UnixListener::at(path);
  if (!listener) return listener;
  if (!rules.allows_socket(listener->real_path()))
    return not_among(listener->real_path(), "session.allow-listen");
  if (auto listening = listener->listen(); !listening) return listening.error();
  return listener;
}

void serve(int questions, const SocketAsk& ask, const SocketRules& rules, Listeners& listeners) {
  if (ask.verb == SocketAsk::Verb::end) {
    listeners.erase(ask.path);
  } else if (ask.verb == SocketAsk::Verb::connect) {
    const auto socket = connect(ask.path, rules_of(rules.targets));
    answer(questions, socket ? Result<void>{} : socket.error(), socket ? socket->get() : -1);
  } else {
    auto listener = listen(ask.path, rules_of(rules.listens));
    if (!listener) return answer(questions, listener.error());
    const auto kept = listeners.emplace(ask.path, std::move(*listener)).first;
    answer(questions, Result<void>{}, kept->second.descriptor());
  }
}

}  // namespace

int keep_sockets(int control, const SessionRequest& request) {
  auto pair = control_socket_pair();
  if (!pair) return EXIT_FAILURE;
  const auto& [own, theirs] = *pair;
  const int given = theirs.get();
  if (!send_packet(control, encode(Report(Started{})), {&given, 1})) return EXIT_FAILURE;
  pair->second.reset();
  Listeners listeners;
  for (;;) {
    pollfd watched[] = {{control, POLLIN, 0}, {own.get(), POLLIN, 0}};
    if (::poll(watched, 2, -1) < 0) continue;
    // A hang-up is a half of the control socket that has been shut down.
    if (watched[0].revents != 0) return EXIT_SUCCESS;
    auto packet = receive_packet(own.get());
    if (!packet) return EXIT_SUCCESS;
    if (!*packet) continue;
    const auto ask = wire::parse_socket_ask((*packet)->bytes);
    if (ask && *ask) serve(own.get(), **ask, *request.sockets, listeners);
  }
}

}  // namespace edge::agent
