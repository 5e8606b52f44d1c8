#include "net/http.hpp"

#include <algorithm>
#include <array>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cctype>

#include "net/deadline.hpp"

namespace edge::net {
namespace {

namespace http = boost::beast::http;

bool same_name(std::string_view left, std::string_view right) {
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(), [](unsigned char a, unsigned char b) {
           return std::tolower(a) == std::tolower(b);
         });
}

template <class Fields>
Headers copy_headers(const Fields& fields) {
  Headers headers;
  for (const auto& field : fields) {
    headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  return headers;
}

// Reads until the parser has a whole message. `buffer` keeps what follows it.
template <class Parser>
Task<Result<void>> read_message(Stream& stream, std::string& buffer, Parser& parser,
                                HttpLimits limits) {
  parser.header_limit(static_cast<std::uint32_t>(limits.head));
  parser.body_limit(limits.body);
  parser.eager(true);
  bool started = !buffer.empty();
  bool in_body = false;
  Deadline deadline(stream.executor(), started ? limits.head_deadline : limits.idle,
                    [&stream] { stream.close(); });
  std::array<char, 4096> chunk;
  for (;;) {
    while (!buffer.empty() && !parser.is_done()) {
      error_code error;
      const auto used = parser.put(asio::buffer(buffer), error);
      buffer.erase(0, used);
      if (error == http::error::need_more) break;
      if (error) co_return fail(Errc::usage, "malformed HTTP: " + error.message());
    }
    if (parser.is_done()) co_return Result<void>{};
    if (parser.is_header_done() && !in_body) {
      in_body = true;
      deadline.extend(limits.body_deadline);
    }
    // What the parser leaves is an unfinished head, chunk header or trailer: none of them may grow
    // for ever.
    if (buffer.size() > limits.head) {
      co_return fail(Errc::usage, parser.is_header_done()
                                      ? "malformed HTTP: a chunk's head is over its limit"
                                      : "malformed HTTP: the head is over its limit");
    }
    auto [error, size] = co_await stream.read_some(asio::buffer(chunk));
    if (deadline.passed())
      co_return fail(Errc::timed_out, "the peer's message did not come in time");
    if (error == asio::error::eof && parser.got_some()) {
      error_code eof_error;
      parser.put_eof(eof_error);  // a body that ends with the connection
      if (!eof_error && parser.is_done()) co_return Result<void>{};
    }
    if (error) co_return fail(Errc::unreachable, started ? "the peer closed the connection" : "");
    if (!started) {
      started = true;
      deadline.extend(limits.head_deadline);
    }
    buffer.append(chunk.data(), size);
  }
}

void append_headers(std::string& head, const Headers& headers, std::size_t body_size,
                    bool has_length) {
  for (const auto& [name, value] : headers) {
    head.append(name).append(": ").append(value).append("\r\n");
  }
  if (has_length) head.append("Content-Length: ").append(std::to_string(body_size)).append("\r\n");
  head.append("\r\n");
}

std::string status_line(int status) {
  return "HTTP/1.1 " + std::to_string(status) + " " +
         std::string(http::obsolete_reason(static_cast<http::status>(status))) + "\r\n";
}

class RestStream final : public Stream {
 public:
  RestStream(std::shared_ptr<Stream> stream, std::string rest)
      : stream_(std::move(stream)), rest_(std::move(rest)) {}
  asio::any_io_executor executor() override { return stream_->executor(); }
  Task<Read> read_some(asio::mutable_buffer buffer) override {
    if (rest_.empty()) {
      if (taker_) stream_->offer_to(std::exchange(taker_, nullptr));
      co_return co_await stream_->read_some(buffer);
    }
    const auto size = asio::buffer_copy(buffer, asio::buffer(rest_));
    rest_.erase(0, size);
    co_return Read{{}, size};
  }
  Task<error_code> write(asio::const_buffer bytes) override { return stream_->write(bytes); }
  Task<error_code> shutdown_write() override { return stream_->shutdown_write(); }
  void close() noexcept override {
    rest_.clear();
    stream_->close();
  }
  Task<bool> closed() override { return stream_->closed(); }
  void offer_to(Taker taker) override {
    // Not before what was read already has gone on: it comes first.
    if (rest_.empty()) stream_->offer_to(taker);
    taker_ = rest_.empty() ? Taker() : std::move(taker);
  }
  void when_readable(std::function<void()> callback) override {
    stream_->when_readable(std::move(callback));
  }
  void forget_readable() noexcept override { stream_->forget_readable(); }

 private:
  std::shared_ptr<Stream> stream_;
  std::string rest_;
  Taker taker_;  // not offered to yet
};

}  // namespace

std::string_view find_header(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

std::vector<std::string_view> find_headers(const Headers& headers, std::string_view name) {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) values.push_back(value);
  }
  return values;
}

Task<Result<Request>> HttpReader::request(HttpLimits limits) {
  http::request_parser<http::string_body> parser;
  auto read = co_await read_message(stream_, buffer_, parser, limits);
  if (!read) co_return read.error();
  auto& message = parser.get();
  Request request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  request.headers = copy_headers(message.base());
  request.body = std::move(message.body());
  request.keep_alive = message.keep_alive();
  if (parser.upgrade()) request.upgrade = std::string(message[http::field::upgrade]);
  co_return request;
}

Task<Result<Response>> HttpReader::response(HttpLimits limits) {
  http::response_parser<http::string_body> parser;
  auto read = co_await read_message(stream_, buffer_, parser, limits);
  if (!read) {
    // An answer is awaited: a peer that leaves before it needs words.
    auto error = read.error();
    if (error.message.empty()) error.message = "the peer closed the connection before it answered";
    co_return error;
  }
  auto& message = parser.get();
  Response response;
  response.status = static_cast<int>(message.result_int());
  response.headers = copy_headers(message.base());
  response.body = std::move(message.body());
  response.keep_alive = parser.keep_alive();  // false, too, when the body ended with the connection
  co_return response;
}

Task<error_code> write_request(Stream& stream, Request request) {
  std::string head = request.method + " " + request.target + " HTTP/1.1\r\n";
  if (!request.upgrade.empty()) {
    head += "Connection: Upgrade\r\nUpgrade: " + request.upgrade + "\r\n";
  } else if (!request.keep_alive) {
    head += "Connection: close\r\n";
  }
  append_headers(head, request.headers, request.body.size(),
                 !request.body.empty() || request.method == "POST" || request.method == "PUT");
  head += request.body;
  co_return co_await stream.write(asio::buffer(head));
}

std::string print_response_head(const Response& response) {
  std::string head = status_line(response.status) + "Connection: close\r\n";
  append_headers(head, response.headers, 0, false);
  return head;
}

std::string print_response(const Response& response) {
  std::string head = status_line(response.status);
  if (!response.keep_alive) head += "Connection: close\r\n";
  // 1xx and 204 have no body and no length (RFC 9110 section 8.6).
  const bool has_body = response.status >= 200 && response.status != 204;
  append_headers(head, response.headers, response.body.size(), has_body);
  if (has_body) head += response.body;
  return head;
}

Task<error_code> write_response(Stream& stream, Response response) {
  const auto bytes = print_response(response);
  co_return co_await stream.write(asio::buffer(bytes));
}

std::shared_ptr<Stream> with_rest(std::shared_ptr<Stream> stream, std::string rest) {
  if (rest.empty()) return stream;
  return std::make_shared<RestStream>(std::move(stream), std::move(rest));
}

}  // namespace edge::net
