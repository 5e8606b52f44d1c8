#include "control/forward/far_socket.hpp"

#include "wire/socket_ask.hpp"

namespace edge::control {
namespace {

using wire::SocketAsk;

// A session that is away for a while answers late; one that ends, ends its channels.
constexpr milliseconds kForEver{24 * 3'600'000};

// The channel of a command as a stream that owns it.
class SocketChannel final : public net::Stream {
 public:
  explicit SocketChannel(std::unique_ptr<ssh::RemoteCommand> command)
      : command_(std::move(command)), stream_(command_->stream()) {}
  ~SocketChannel() override { command_->close(); }
  net::asio::any_io_executor executor() override { return stream_.executor(); }
  net::Task<net::Read> read_some(net::asio::mutable_buffer buffer) override {
    return stream_.read_some(buffer);
  }
  net::Task<net::error_code> write(net::asio::const_buffer bytes) override {
    return stream_.write(bytes);
  }
  net::Task<net::error_code> shutdown_write() override { return stream_.shutdown_write(); }
  void close() noexcept override { stream_.close(); }
  void offer_to(Taker taker) override { stream_.offer_to(std::move(taker)); }
  net::Task<bool> closed() override { return stream_.closed(); }

 private:
  std::unique_ptr<ssh::RemoteCommand> command_;
  net::Stream& stream_;
};

Error no_answer() {
  return fail(Errc::unreachable, "the far side closed the channel without an answer");
}

net::Task<Result<std::string>> read_exactly(net::Stream& stream, std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < size;) {
    const auto room = net::asio::buffer(bytes.data() + at, size - at);
    const auto read = co_await stream.read_some(room);
    if (read.error) co_return no_answer();
    at += read.size;
  }
  co_return bytes;
}

net::Task<Result<void>> read_answer(net::Stream& stream) {
  auto head = co_await read_exactly(stream, wire::kSocketAnswerHead);
  if (!head) co_return head.error();
  const auto size = wire::socket_answer_size(*head);
  if (size > wire::kMostSocketWords) co_return fail(Errc::failure, "an answer that is too long");
  auto words = co_await read_exactly(stream, size);
  if (!words) co_return words.error();
  co_return wire::parse_socket_answer(*head + *words);
}

net::Task<Result<std::unique_ptr<ssh::RemoteCommand>>> ask(ssh::Client& client,
                                                           SocketAsk question) {
  ssh::CommandOrder order;
  order.subsystem = ssh::kUnixSockets;
  auto command = co_await client.run(std::move(order), kForEver);
  if (!command && command.error().code == Errc::not_found) {
    co_return fail(Errc::failure,
                   "the agent there opens no Unix sockets: it is too old, or has as many forwards "
                   "as it takes");
  }
  if (!command) co_return command.error();
  const auto text = wire::print_socket_ask(question);
  const auto bytes = net::asio::buffer(text);
  const auto failed = co_await (*command)->stream().write(bytes);
  if (failed) co_return no_answer();
  auto answer = co_await read_answer((*command)->stream());
  if (!answer) co_return answer.error();
  co_return command;
}

}  // namespace

net::Task<Result<std::unique_ptr<net::Stream>>> connect_far_socket(ssh::Client& client,
                                                                   std::string path) {
  SocketAsk question{SocketAsk::Verb::connect, std::move(path)};
  auto command = co_await ask(client, std::move(question));
  if (!command) co_return command.error();
  co_return std::unique_ptr<net::Stream>(std::make_unique<SocketChannel>(std::move(*command)));
}

net::Task<Result<std::unique_ptr<ssh::RemoteCommand>>> listen_on_far_socket(
    ssh::Client& client, std::string path, ssh::Client::OnStream on_connection) {
  client.expect(path, std::move(on_connection));  // before: they may come with the answer
  SocketAsk question{SocketAsk::Verb::listen, path};
  auto command = co_await ask(client, std::move(question));
  co_return command;
}

}  // namespace edge::control
