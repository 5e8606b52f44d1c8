#include "control/forward/forward_connections.hpp"

#include "base/text.hpp"
#include "control/forward/far_socket.hpp"
#include "control/forward/socks_accept.hpp"
#include "net/unix_listener.hpp"

namespace edge::control {
namespace {

// For a session: one that is being opened anew may be there in a moment.
constexpr milliseconds kForSession{10'000};
// For the node's answer; while the session is paused there is none.
constexpr milliseconds kForAnswer{60'000};
constexpr int kTries = 2;
constexpr milliseconds kConnectHere{10'000};
constexpr milliseconds kSameAgain{10'000};  // the same problem is said again after so long
// The node counts a channel as a shell until it has said that it is a socket, and has 16 of those.
constexpr std::size_t kSocketsOpening = 8;

// SSH has one word for all that keeps a node from connecting, and libssh a number for that.
std::string failed_words(const std::string& endpoint, const ForwardPlace& target,
                         const Error& error) {
  const auto words = "cannot connect to " + printable(print_place(target)) + " from " + endpoint;
  const bool is_refusal = error.message.starts_with("Channel opening failure");
  if (!is_refusal) return words + ": " + error.message;
  return words + ": nobody answers there, or the node's session.allow-targets do not have it";
}

HostPort source_of(const net::Socket& socket) {
  net::error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error || peer.protocol().family() == AF_UNIX) return {};
  const auto address = net::peer_address(socket);
  const auto* name =
      reinterpret_cast<const sockaddr_in*>(peer.data());  // the port is where v6's is
  return {address, ntohs(name->sin_port)};
}

}  // namespace

// One of the connections; gives its place back when it goes.
class ForwardConnections::Place {
 public:
  explicit Place(ForwardStatus& status) : status_(status) {
    ++status_.open;
    ++status_.connections;
  }
  ~Place() { --status_.open; }
  Place(const Place&) = delete;

 private:
  ForwardStatus& status_;
};

// A channel that opens for as long as it takes; whoever waits for it may have gone by then.
struct ForwardConnections::Opening {
  explicit Opening(const net::asio::any_io_executor& executor)
      : bell(std::make_shared<net::Notify>(executor)) {}
  std::shared_ptr<net::Notify> bell;
  bool done = false;
  Result<std::unique_ptr<net::Stream>> result = fail(Errc::timed_out, "no answer in time");
};

ForwardConnections::ForwardConnections(net::asio::any_io_executor executor, ForwardSession& session,
                                       ForwardStatus& status, ForwardVoice& voice)
    : executor_(executor),
      session_(session),
      status_(status),
      voice_(voice),
      sending_(status.limit),
      receiving_(status.limit),
      tasks_(executor),
      openings_(executor) {}

std::shared_ptr<ForwardConnections::Place> ForwardConnections::place(const ForwardSpec& spec) {
  if (status_.open < kMost) return std::make_shared<Place>(status_);
  ++status_.refused;
  note(spec.text + ": refused a connection: " + std::to_string(kMost) + " are open");
  return nullptr;
}

// A client that tries again and again must not fill a screen or a disk.
void ForwardConnections::note(const std::string& problem) {
  const auto now = std::chrono::steady_clock::now();
  status_.last_error = problem;
  if (problem == noted_ && now - noted_at_ < kSameAgain) return;
  noted_ = problem;
  noted_at_ = now;
  voice_.complain(problem);
}

void ForwardConnections::take(net::Socket near, const ForwardSpec& spec) {
  if (auto taken = place(spec))
    tasks_.spawn("forward.near", serve(std::move(near), &spec, std::move(taken)));
}

void ForwardConnections::take(std::unique_ptr<net::Stream> far, const ForwardSpec& spec) {
  if (auto taken = place(spec))
    tasks_.spawn("forward.far", serve_far(std::move(far), &spec, std::move(taken)));
}

net::PumpHooks ForwardConnections::hooks() {
  net::PumpHooks hooks;
  hooks.on_sent = [this](std::size_t size) { status_.bytes_out += size; };
  hooks.on_received = [this](std::size_t size) { status_.bytes_in += size; };
  if (!sending_.is_on()) return hooks;
  hooks.may_send = [this](std::size_t size) { return sending_.take(size); };
  hooks.may_receive = [this](std::size_t size) { return receiving_.take(size); };
  hooks.piece = [this] { return sending_.piece(); };
  return hooks;
}

net::Task<> ForwardConnections::serve(net::Socket near, const ForwardSpec* spec,
                                      std::shared_ptr<Place> /*place*/) {
  const auto source = source_of(near);
  if (near.local_endpoint().protocol().family() != AF_UNIX) net::set_no_delay(near);
  net::SocketStream client(std::move(near));
  wire::SocksDialogue socks;
  auto target = spec->target;
  if (!target) {
    auto asked = co_await accept_socks(client, socks);
    if (!asked) {
      ++status_.refused;
      note(spec->text + ": " + asked.error().message);
      co_return;
    }
    target = ForwardPlace{"", asked->host, asked->port};
  }
  auto far = co_await connect_far(*target, source);
  if (!far) {
    ++status_.refused;
    note(spec->text + ": " + failed_words(status_.endpoint, *target, far.error()));
  }
  if (!spec->target) {
    const auto outcome = far ? wire::SocksOutcome::connected : socks_outcome(far.error().code);
    const auto text = socks.answer(outcome);
    const auto bytes = net::asio::buffer(text);
    const auto failed = co_await client.write(bytes);
    if (failed) co_return;
  }
  if (!far) co_return;
  std::shared_ptr<net::Stream> stream = std::move(*far);
  co_await net::pump(std::move(client.socket()), std::move(stream), hooks());
}

net::Task<Result<std::unique_ptr<net::Stream>>> ForwardConnections::connect_far(ForwardPlace target,
                                                                                HostPort source) {
  for (int tries = 1;; ++tries) {
    auto node = co_await session_.wait_for(kForSession);
    if (!node) co_return fail(Errc::offline, status_.endpoint + " is out of reach");
    auto opening = std::make_shared<Opening>(executor_);
    openings_.spawn("forward.open", open_far(node, target, source, opening));
    if (!opening->done) co_await opening->bell->wait(kForAnswer);
    if (!opening->done) co_return fail(Errc::timed_out, "no answer in time");
    // The session was lost meanwhile: the next one may do.
    if (opening->result || node->client().alive() || tries == kTries)
      co_return std::move(opening->result);
  }
}

net::Task<> ForwardConnections::open_far(ForwardSession::Node node, ForwardPlace target,
                                         HostPort source, std::shared_ptr<Opening> opening) {
  if (target.is_socket()) {
    co_await enter_sockets();
    auto opened = co_await connect_far_socket(node->client(), target.path);
    leave_sockets();
    opening->result = std::move(opened);
  } else {
    HostPort address{target.host, target.port};
    auto opened = co_await node->client().connect_to(std::move(address), std::move(source));
    opening->result = std::move(opened);
  }
  opening->done = true;
  opening->bell->ring();
}

net::Task<bool> ForwardConnections::enter_sockets() {
  while (sockets_opening_ >= kSocketsOpening) {
    const auto bell = std::make_shared<net::Notify>(executor_);
    sockets_waiting_.push_back(bell);
    co_await bell->wait(kForAnswer);
  }
  ++sockets_opening_;
  co_return true;
}

void ForwardConnections::leave_sockets() {
  --sockets_opening_;
  for (const auto& bell : std::exchange(sockets_waiting_, {})) bell->ring();
}

net::Task<> ForwardConnections::serve_far(std::unique_ptr<net::Stream> far, const ForwardSpec* spec,
                                          std::shared_ptr<Place> /*place*/) {
  std::shared_ptr<net::Stream> client = std::move(far);
  wire::SocksDialogue socks;
  auto target = spec->target;
  if (!target) {
    auto asked = co_await accept_socks(*client, socks);
    if (!asked) {
      client->close();
      note(spec->text + ": " + asked.error().message);
      co_return;
    }
    target = ForwardPlace{"", asked->host, asked->port};
  }
  auto near = co_await connect_here(*target);
  if (!near) {
    ++status_.refused;
    note(spec->text + ": " + near.error().message);
  }
  if (!spec->target) {
    const auto outcome = near ? wire::SocksOutcome::connected : socks_outcome(near.error().code);
    const auto text = socks.answer(outcome);
    const auto bytes = net::asio::buffer(text);
    co_await client->write(bytes);
  }
  if (near) {
    co_await net::pump(std::move(*near), client, hooks());
  } else {
    client->close();
  }
}

net::Task<Result<net::Socket>> ForwardConnections::connect_here(ForwardPlace target) {
  if (target.is_socket()) {
    const auto found = net::find_unix_socket(target.path);
    if (!found) co_return found.error();
    auto connected = net::connect_unix_target(*found);
    if (!connected) co_return connected.error();
    co_return net::adopt_socket(executor_, connected->release());
  }
  HostPort address{target.host, target.port};
  auto socket = co_await net::connect_tcp(std::move(address), kConnectHere);
  if (socket) net::set_no_delay(*socket);
  co_return socket;
}

net::Task<> ForwardConnections::end() {
  tasks_.cancel();
  openings_.cancel();
  co_await tasks_.join();
  co_await openings_.join();
}

}  // namespace edge::control
