#include "control/session_request.hpp"

#include <cerrno>

#include "control/admin_client.hpp"
#include "net/http.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kForEver = std::chrono::hours(24 * 30);

net::Request request_for(const SessionAsk& ask) {
  net::Request request;
  request.method = "GET";
  request.target = endpoint_path(ask.endpoint, "/session");
  char before = '?';
  auto add = [&](const std::string& name, const std::string& value) {
    request.target += before + name + "=" + value;
    before = '&';
  };
  if (ask.wait) add("wait", format_duration(*ask.wait));
  if (!ask.instance.empty()) add("instance", percent_encode(ask.instance));
  request.upgrade = "edge-stream";
  request.headers = {{"Host", "edge"}, {"Edge-Session-Key", ask.session_key}};
  if (!ask.login_key.empty()) request.headers.emplace_back("Edge-Login-Key", ask.login_key);
  if (ask.idle) request.headers.emplace_back("Edge-Idle", format_duration(*ask.idle));
  if (!ask.resume.empty()) {
    request.headers.emplace_back("Edge-Resume", ask.resume);
    request.headers.emplace_back("Edge-Resumes", std::to_string(ask.resumes));
  }
  return request;
}

}  // namespace

net::Task<Result<OpenedSession>> request_session(std::string path, SessionAsk ask) {
  const auto executor = co_await net::asio::this_coro::executor;
  auto socket = net::connect_unix(executor, path);
  if (!socket) co_return unreachable(path, errno);
  auto stream = std::make_shared<net::SocketStream>(std::move(*socket));
  if (co_await net::write_request(*stream, request_for(ask))) {
    co_return fail(Errc::unreachable, "edged closed the connection");
  }
  net::HttpReader reader(*stream);
  net::HttpLimits limits;
  limits.idle = kForEver;  // edged has the deadline
  auto response = co_await reader.response(limits);
  if (!response) co_return fail(Errc::unreachable, "edged closed the connection while we waited");
  if (response->status != 101) co_return error_of_answer(response->status, response->body);
  OpenedSession opened;
  opened.session = net::find_header(response->headers, "Edge-Session");
  opened.instance = net::find_header(response->headers, "Edge-Instance");
  opened.host_key = net::find_header(response->headers, "Edge-Host-Key");
  const std::string resume_for(net::find_header(response->headers, "Edge-Resume-For"));
  opened.resume_for = parse_duration(resume_for).value_or(milliseconds{0});
  opened.carrier = net::with_rest(std::move(stream), reader.take_rest());
  co_return opened;
}

}  // namespace edge::control
