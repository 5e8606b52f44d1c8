#include "fleet/scripted_service.hpp"

#include <array>
#include <charconv>

namespace edge::bench {
namespace {

constexpr std::size_t kChunk = 32 * 1024;  // as the agent's own copying takes them
constexpr std::size_t kMostLine = 64;

using OnBytes = std::function<void()>;
using Buffer = std::array<char, kChunk>;

// The first line without its end; what came behind it is left in `rest`. "" when there was none.
net::Task<std::string> first_line(net::Stream& stream, std::string& rest) {
  auto buffer = std::make_unique<Buffer>();
  while (rest.find('\n') == std::string::npos && rest.size() < kMostLine) {
    const auto came = co_await stream.read_some(net::asio::buffer(*buffer));
    if (came.error) break;
    rest.append(buffer->data(), came.size);
  }
  const auto end = rest.find('\n');
  if (end == std::string::npos) co_return std::string();
  auto line = rest.substr(0, end);
  rest.erase(0, end + 1);
  co_return line;
}

net::Task<> echo(net::Stream& stream, std::string first, const OnBytes& on_bytes) {
  auto failed = co_await stream.write(net::asio::buffer(first));
  auto buffer = std::make_unique<Buffer>();
  while (!failed) {
    const auto came = co_await stream.read_some(net::asio::buffer(*buffer));
    if (came.error) break;
    on_bytes();
    failed = co_await stream.write(net::asio::buffer(buffer->data(), came.size));
  }
}

net::Task<> sink(net::Stream& stream, std::uint64_t bytes, const OnBytes& on_bytes) {
  auto buffer = std::make_unique<Buffer>();
  for (;;) {
    const auto came = co_await stream.read_some(net::asio::buffer(*buffer));
    if (came.error) break;
    on_bytes();
    bytes += came.size;
  }
  const auto told = std::to_string(bytes) + "\n";
  co_await stream.write(net::asio::buffer(told));
}

net::Task<> source(net::Stream& stream, std::uint64_t bytes, const OnBytes& on_bytes) {
  const bool endless = bytes == 0;
  auto buffer = std::make_unique<Buffer>();  // zeros
  while (endless || bytes > 0) {
    const auto size =
        endless ? kChunk : static_cast<std::size_t>(std::min<std::uint64_t>(bytes, kChunk));
    const auto failed = co_await stream.write(net::asio::buffer(buffer->data(), size));
    if (failed) co_return;
    on_bytes();
    bytes -= endless ? 0 : size;
  }
}

}  // namespace

net::Task<> ScriptedService::serve(std::shared_ptr<net::Stream> stream, agent::SessionTerms,
                                   std::function<void()> on_bytes) {
  std::string rest;
  const auto line = co_await first_line(*stream, rest);
  if (line == "echo") {
    co_await echo(*stream, rest, on_bytes);
  } else if (line == "sink") {
    co_await sink(*stream, rest.size(), on_bytes);
  } else if (line.starts_with("source ")) {
    std::uint64_t bytes = 0;
    std::from_chars(line.data() + 7, line.data() + line.size(), bytes);
    co_await source(*stream, bytes, on_bytes);
  }
  co_await stream->shutdown_write();
  char last;
  co_await stream->read_some(net::asio::buffer(&last, 1));  // until the other side has it
}

}  // namespace edge::bench
