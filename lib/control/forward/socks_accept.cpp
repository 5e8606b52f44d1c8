#include "control/forward/socks_accept.hpp"

#include "net/deadline.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kPatience{30'000};

}  // namespace

// Byte by byte: what follows the request is the target's, and nothing could be given back.
net::Task<Result<HostPort>> accept_socks(net::Stream& client, wire::SocksDialogue& dialogue) {
  net::Deadline bound(client.executor(), kPatience, [&client] { client.close(); });
  std::string unread;
  for (;;) {
    char byte = 0;
    const auto room = net::asio::buffer(&byte, 1);
    const auto read = co_await client.read_some(room);
    if (read.error) co_return fail(Errc::unreachable, "the SOCKS client said nothing");
    unread += byte;
    auto step = dialogue.take(unread);
    unread.erase(0, step.taken);
    if (!step.reply.empty()) {
      const auto reply = net::asio::buffer(step.reply);
      const auto failed = co_await client.write(reply);
      if (failed) co_return fail(Errc::unreachable, "the SOCKS client has gone");
    }
    if (!step.mistake.empty()) co_return fail(Errc::usage, step.mistake);
    if (step.target) co_return *step.target;
  }
}

wire::SocksOutcome socks_outcome(Errc code) {
  using wire::SocksOutcome;
  switch (code) {
    case Errc::not_allowed:
      return SocksOutcome::not_allowed;
    case Errc::unreachable:
    case Errc::not_found:
    case Errc::offline:
      return SocksOutcome::unreachable;
    case Errc::timed_out:
      return SocksOutcome::timed_out;
    default:
      return SocksOutcome::failed;
  }
}

}  // namespace edge::control
