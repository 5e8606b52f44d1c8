#include "agent/socket_keeper.hpp"

#include <sys/socket.h>

#include "agent/control_socket.hpp"
#include "net/deadline.hpp"

namespace edge::agent {
namespace {

constexpr milliseconds kAnswer{10'000};  // a path may be on a network's file system
constexpr milliseconds kLongWait{3'600'000};

// The process is the account's: what it hands over is looked at like anything else of an account.
bool is_unix_stream(int descriptor) {
  int domain = 0, type = 0;
  socklen_t size = sizeof domain;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
         domain == AF_UNIX && ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
         type == SOCK_STREAM;
}

Error broken() {
  return fail(Errc::failure, "the process that opens sockets has ended");
}

Result<Descriptor> answer_of(Packet packet) {
  const auto& bytes = packet.bytes;
  if (bytes.size() < wire::kSocketAnswerHead ||
      bytes.size() != wire::kSocketAnswerHead + wire::socket_answer_size(bytes))
    return broken();
  if (auto yes = wire::parse_socket_answer(bytes); !yes) return yes.error();
  if (packet.descriptors.size() != 1 || !is_unix_stream(packet.descriptors[0].get()))
    return broken();
  return std::move(packet.descriptors[0]);
}

}  // namespace

SocketKeeper::SocketKeeper(net::asio::any_io_executor executor, std::string program,
                           SessionRequest request)
    : executor_(executor), program_(std::move(program)), request_(std::move(request)) {}

net::Task<Result<Descriptor>> SocketKeeper::open(wire::SocketAsk question) {
  const auto own = std::make_shared<net::Notify>(executor_);
  line_.push_back(own);
  while (line_.front() != own) co_await own->wait(kLongWait);
  auto started = co_await start();
  Result<Descriptor> opened = broken();
  if (started) {
    auto answered = co_await ask(question);
    opened = std::move(answered);
  } else {
    opened = started.error();
  }
  line_.pop_front();
  if (!line_.empty()) line_.front()->ring();
  co_return opened;
}

net::Task<Result<void>> SocketKeeper::start() {
  if (process_) co_return Result<void>{};
  auto process = start_session(executor_, program_, request_);
  if (!process) co_return process.error();
  auto started = co_await (*process)->started();
  if (!started) co_return started.error();
  process_ = std::move(*process);
  co_return Result<void>{};
}

net::Task<Result<Descriptor>> SocketKeeper::ask(const wire::SocketAsk& question) {
  auto& control = process_->input();
  const auto sent = send_packet(control.native_handle(), wire::print_socket_ask(question));
  bool heard = false;
  if (sent) {
    net::Deadline bound(executor_, kAnswer, [&control] { control.cancel(); });
    auto [error] =
        co_await control.async_wait(net::asio::posix::stream_descriptor::wait_read, net::as_values);
    heard = !error;
  }
  if (heard) {
    auto packet = receive_packet(control.native_handle());
    if (packet && *packet) co_return answer_of(std::move(**packet));
  }
  process_.reset();  // the next one gets another
  co_return broken();
}

void SocketKeeper::end_listener(const std::string& path) {
  if (!process_) return;
  [[maybe_unused]] const auto sent =
      send_packet(process_->input().native_handle(),
                  wire::print_socket_ask({wire::SocketAsk::Verb::end, path}));
}

}  // namespace edge::agent
