#include "control/forward/forward_control.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/local/stream_protocol.hpp>

#include "base/encoding.hpp"
#include "base/files.hpp"
#include "crypto/random.hpp"
#include "net/deadline.hpp"
#include "net/socket_stream.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kPatience{5'000};
constexpr std::size_t kMostAskers = 16;
constexpr std::size_t kIdBytes = 4;
constexpr milliseconds kPause{100};  // after an accept that failed

}  // namespace

std::filesystem::path forwards_folder(const std::filesystem::path& state_folder) {
  return state_folder / "forwards";
}

bool is_forward_id(const std::string& text) {
  return text.size() == 2 * kIdBytes &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string new_forward_id() {
  return to_hex(crypto::random_bytes(kIdBytes));
}

Result<std::unique_ptr<ForwardControl>> ForwardControl::open(net::asio::any_io_executor executor,
                                                             const std::filesystem::path& folder,
                                                             const std::string& id) {
  if (auto made = make_folder(folder, 0700); !made) return made.error();
  auto listener = net::UnixListener::at(folder / (id + ".sock"));
  if (!listener) return listener.error();
  if (auto listening = listener->listen(); !listening) return listening.error();
  return std::unique_ptr<ForwardControl>(new ForwardControl(executor, std::move(*listener)));
}

net::Task<> ForwardControl::serve(Answer status, std::function<void()> on_stop) {
  using Local = net::asio::local::stream_protocol;
  Local::acceptor acceptor(executor_);
  acceptor.assign(Local(), ::dup(listener_.descriptor()));
  for (;;) {
    Local::socket socket(executor_);
    auto [error] = co_await acceptor.async_accept(socket, net::as_values);
    if (error == net::asio::error::operation_aborted) break;
    if (!error && connections_.size() < kMostAskers) {
      connections_.spawn("forward.asked", answer(net::Socket(std::move(socket)), status, on_stop));
    } else if (error) {
      const bool go_on = co_await net::sleep(kPause);
      if (!go_on) break;
    }
  }
  connections_.cancel();
  co_await connections_.join();
}

net::Task<> ForwardControl::answer(net::Socket socket, Answer status,
                                   std::function<void()> on_stop) {
  auto asker = std::make_shared<net::SocketStream>(std::move(socket));
  net::Deadline bound(executor_, kPatience, [asker] { asker->close(); });
  std::string word;
  std::array<char, 64> buffer;
  while (word.find('\n') == std::string::npos && word.size() < buffer.size()) {
    const auto room = net::asio::buffer(buffer);
    const auto read = co_await asker->read_some(room);
    if (read.error) co_return;
    word.append(buffer.data(), read.size);
  }
  word.resize(std::min(word.find('\n'), word.size()));
  const auto line = status() + "\n";
  const auto bytes = net::asio::buffer(line);
  const auto failed = co_await asker->write(bytes);
  if (failed || word != kForwardStop) co_return;
  stopping_.push_back(std::make_shared<net::Socket>(std::move(asker->socket())));
  on_stop();
}

}  // namespace edge::control
