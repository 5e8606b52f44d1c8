#include "agent/session_process.hpp"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "agent/control_message.hpp"
#include "agent/control_socket.hpp"
#include "agent/spawned_program.hpp"

namespace edge::agent {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;

constexpr std::chrono::seconds kStartDeadline{30};  // account look-ups may go over a network
constexpr int kNoStatus = 255;

// Set once, awaited by at most one coroutine at a time.
class Event {
 public:
  explicit Event(const asio::any_io_executor& executor) : timer_(executor) {}

  void set() {
    set_ = true;
    timer_.cancel();
  }
  // false: the deadline passed first, or the wait was cancelled.
  asio::awaitable<bool> wait(SteadyTime deadline) {
    if (!set_) {
      timer_.expires_at(deadline);
      co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return set_;
  }

 private:
  asio::steady_timer timer_;
  bool set_ = false;
};

// The agent's end of the control socket, and what was told through it. Shared by the session's
// owner and the one wait that is pending on the socket.
class Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  // `count`: of the streams that will come.
  Conversation(const asio::any_io_executor& executor, bool has_terminal, std::size_t count)
      : control(executor),
        streams{stream_descriptor(executor), stream_descriptor(executor),
                stream_descriptor(executor)},
        start_told(executor),
        end_told(executor),
        has_terminal_(has_terminal),
        count_(count) {}

  void listen() {
    control.async_wait(stream_descriptor::wait_read, [self = shared_from_this()](error_code error) {
      if (!error) self->read();
    });
  }

  void resize(const WindowSize& size) {
    if (!has_terminal_) return;
    early_size_ = size;
    if (!streams[0].is_open()) return;
    const winsize wanted{size.rows, size.columns, size.x_pixels, size.y_pixels};
    ::ioctl(streams[0].native_handle(), TIOCSWINSZ, &wanted);
  }

  void close() {
    error_code ignored;
    control.close(ignored);
    for (auto& stream : streams) stream.close(ignored);
  }

  bool has_terminal() const { return has_terminal_; }

  stream_descriptor control;
  std::array<stream_descriptor, 3> streams;  // the master alone, or input, output, error output
  Descriptor agent_listener;
  Event start_told, end_told;
  std::optional<Error> refused;
  SessionEnd end;

 private:
  void read() {
    auto packet = receive_packet(control.native_handle());
    if (!packet) return stop(packet.error());
    if (*packet) {
      auto report = decode_report((*packet)->bytes);
      if (!report) return stop(report.error());
      if (std::holds_alternative<Started>(*report)) {
        start(std::move((*packet)->descriptors));
      } else if (auto* refusal = std::get_if<Refused>(&*report)) {
        return stop(refusal->reason);
      } else {
        return finish(std::get<SessionEnd>(*report));
      }
    }
    if (control.is_open()) listen();
  }

  void start(std::vector<Descriptor> descriptors) {
    error_code error;
    if (descriptors.size() < count_ || descriptors.size() > count_ + 1) {
      return stop(fail(Errc::failure, "the session process sent no streams"));
    }
    if (descriptors.size() > count_) agent_listener = std::move(descriptors.back());
    for (std::size_t i = 0; i < count_ && !error; ++i) {
      streams[i].assign(descriptors[i].get(), error);
      if (!error) descriptors[i].release();
    }
    if (error) return stop(fail(Errc::unavailable, "cannot use the streams: " + error.message()));
    if (early_size_) resize(*early_size_);
    started_ = true;
    start_told.set();
  }

  // The session process refused, or broke the conversation off.
  void stop(const Error& reason) {
    if (!started_) refused = reason;
    finish(
        {kNoStatus,
         {},
         false,
         started_ ? "the session process ended unexpectedly: " + reason.message : reason.message});
  }

  void finish(SessionEnd how) {
    end = std::move(how);
    error_code ignored;
    control.close(ignored);
    start_told.set();
    end_told.set();
  }

  bool has_terminal_;
  std::size_t count_;
  bool started_ = false;
  std::optional<WindowSize> early_size_;  // asked for before there was a terminal
};

class SpawnedSession final : public SessionProcess {
 public:
  SpawnedSession(std::shared_ptr<Conversation> conversation,
                 std::shared_ptr<SpawnedProgram> program)
      : conversation_(std::move(conversation)), program_(std::move(program)) {}

  // The session process takes the end of its control socket as a hang-up, and is reaped later.
  ~SpawnedSession() override { conversation_->close(); }

  asio::awaitable<Result<void>> started() override {
    const auto deadline = std::chrono::steady_clock::now() + kStartDeadline;
    const bool told = co_await conversation_->start_told.wait(deadline);
    if (!told) {
      program_->kill();
      co_return fail(Errc::timed_out, "the shell did not start in time");
    }
    if (conversation_->refused) co_return *conversation_->refused;
    co_return Result<void>{};
  }

  stream_descriptor& input() override { return conversation_->streams[0]; }
  stream_descriptor& output() override {
    return conversation_->streams[conversation_->has_terminal() ? 0 : 1];
  }
  stream_descriptor* error_output() override {
    return conversation_->has_terminal() ? nullptr : &conversation_->streams[2];
  }

  void close_input() override {
    error_code ignored;
    if (!conversation_->has_terminal()) conversation_->streams[0].close(ignored);
  }

  Descriptor agent_listener() override { return std::move(conversation_->agent_listener); }

  void resize(const WindowSize& size) override { conversation_->resize(size); }

  void signal(const std::string& name) override {
    constexpr std::size_t kMaxName = 32;
    if (!conversation_->control.is_open() || name.size() > kMaxName) return;
    // A full socket means that thousands of signals wait; one more says nothing new.
    [[maybe_unused]] const auto sent =
        send_packet(conversation_->control.native_handle(), encode(Order{SignalOrder{name}}));
  }

  void hang_up() override {
    if (conversation_->control.is_open()) {
      ::shutdown(conversation_->control.native_handle(), SHUT_WR);
    }
  }

  asio::awaitable<SessionEnd> ended() override {
    const bool told = co_await conversation_->end_told.wait(SteadyTime::max());
    if (!told) co_return SessionEnd{kNoStatus, {}, false, "the wait was cancelled"};
    co_return conversation_->end;
  }

 private:
  std::shared_ptr<Conversation> conversation_;
  std::shared_ptr<SpawnedProgram> program_;
};

}  // namespace

Result<std::unique_ptr<SessionProcess>> start_session(asio::any_io_executor executor,
                                                      const std::string& program,
                                                      const SessionRequest& request) {
  if (auto good = check(request); !good) return good.error();
  auto sockets = control_socket_pair();
  if (!sockets) return sockets.error();
  auto& [own, theirs] = *sockets;
  // Before the spawn: it waits in the socket, and a request that does not fit costs no process.
  if (auto sent = send_packet(own.get(), encode(Order{request})); !sent) return sent.error();
  const bool has_terminal = request.pty.has_value();
  const bool has_one_stream = has_terminal || request.sockets;
  const std::size_t streams = request.only_check ? 0 : has_one_stream ? 1 : 3;
  auto conversation = std::make_shared<Conversation>(executor, has_terminal, streams);
  error_code error;
  conversation->control.assign(own.get(), error);
  if (error) return fail(Errc::unavailable, "cannot watch the control socket: " + error.message());
  own.release();
  auto spawned = SpawnedProgram::spawn_session(executor, program, std::move(theirs));
  if (!spawned) return spawned.error();
  conversation->listen();
  return std::make_unique<SpawnedSession>(std::move(conversation), std::move(*spawned));
}

}  // namespace edge::agent
