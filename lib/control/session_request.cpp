#include "control/session_request.hpp"

#include <cerrno>

#include "control/admin_client.hpp"
#include "net/http.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kForEver = std::chrono::hours(24 * 30);

// Reads byte by byte: what follows a 101 belongs to SSH, which reads the descriptor itself.
class OneByteStream final : public net::Stream {
 public:
  explicit OneByteStream(net::SocketStream& stream) : stream_(stream) {}
  net::asio::any_io_executor executor() override { return stream_.executor(); }
  net::Task<net::Read> read_some(net::asio::mutable_buffer buffer) override {
    return stream_.read_some(net::asio::buffer(buffer, 1));
  }
  net::Task<net::error_code> write(net::asio::const_buffer bytes) override {
    return stream_.write(bytes);
  }
  net::Task<net::error_code> shutdown_write() override { return stream_.shutdown_write(); }
  void close() noexcept override { stream_.close(); }

 private:
  net::SocketStream& stream_;
};

}  // namespace

net::Task<Result<OpenedSession>> request_session(std::string path, std::string endpoint,
                                                 std::string instance, std::string public_key,
                                                 std::optional<milliseconds> wait) {
  const auto executor = co_await net::asio::this_coro::executor;
  auto socket = net::connect_unix(executor, path);
  if (!socket) co_return unreachable(path, errno);
  net::SocketStream stream(std::move(*socket));
  net::Request request;
  request.method = "GET";
  request.target = endpoint_path(endpoint, "/session");
  if (wait) request.target += "?wait=" + format_duration(*wait);
  if (!instance.empty())
    request.target += (wait ? "&instance=" : "?instance=") + percent_encode(instance);
  request.upgrade = "ssh";
  request.headers = {{"Host", "edge"}, {"Edge-Session-Key", std::move(public_key)}};
  if (co_await net::write_request(stream, std::move(request))) {
    co_return fail(Errc::unreachable, "edged closed the connection");
  }
  OneByteStream bytes(stream);
  net::HttpReader reader(bytes);
  net::HttpLimits limits;
  limits.idle = kForEver;  // edged has the deadline
  auto response = co_await reader.response(limits);
  if (!response) co_return fail(Errc::unreachable, "edged closed the connection while we waited");
  if (response->status != 101) co_return error_of_answer(response->status, response->body);
  OpenedSession opened;
  opened.session = net::find_header(response->headers, "Edge-Session");
  opened.instance = net::find_header(response->headers, "Edge-Instance");
  opened.host_key = net::find_header(response->headers, "Edge-Host-Key");
  opened.descriptor = stream.socket().release();
  co_return opened;
}

}  // namespace edge::control
