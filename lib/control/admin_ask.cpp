#include "control/admin_ask.hpp"

#include <boost/asio/this_coro.hpp>
#include <cerrno>

#include "control/admin_client.hpp"
#include "control/json_fields.hpp"
#include "net/http.hpp"
#include "net/socket_stream.hpp"

namespace edge::control {
namespace {

constexpr std::size_t kLargestAnswer = 64UL << 20U;

}  // namespace

net::Task<Result<nlohmann::json>> ask_admin(std::string socket, std::string method,
                                            std::string path, nlohmann::json body,
                                            milliseconds deadline) {
  const auto executor = co_await net::asio::this_coro::executor;
  auto connected = net::connect_unix(executor, socket);
  if (!connected) co_return unreachable(socket, errno);
  net::SocketStream stream(std::move(*connected));
  net::Request request;
  request.method = std::move(method);
  request.target = std::move(path);
  request.headers = {{"Host", "edge"}, {"Content-Type", "application/json"}};
  request.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const auto failed = co_await net::write_request(stream, std::move(request));
  if (failed) co_return fail(Errc::unreachable, "edged closed the connection");
  net::HttpReader reader(stream);
  net::HttpLimits limits;
  limits.idle = limits.head_deadline = limits.body_deadline = deadline;
  limits.body = kLargestAnswer;
  const auto response = co_await reader.response(limits);
  if (!response) co_return fail(Errc::unreachable, "edged did not answer");
  if (response->status < 200 || response->status > 299)
    co_return error_of_answer(response->status, response->body);
  auto parsed = nlohmann::json::parse(response->body, nullptr, false);
  if (parsed.is_discarded())
    co_return fail(Errc::failure, "edged answered with something else than JSON");
  co_return json_result(std::move(parsed));
}

}  // namespace edge::control
