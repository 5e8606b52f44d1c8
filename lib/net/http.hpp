// HTTP/1.1 over any Stream (RFC 9112). The only place that names Beast is http.cpp; everything from
// the peer is bounded: head, body and time. One reader per connection keeps what came after a
// message for the next one.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "net/stream.hpp"

namespace edge::net {

using Headers = std::vector<std::pair<std::string, std::string>>;
// The first one of that name, compared without case; "" when there is none.
std::string_view find_header(const Headers& headers, std::string_view name);
std::vector<std::string_view> find_headers(const Headers& headers, std::string_view name);  // all

struct Request {
  std::string method, target;
  Headers headers;
  std::string body;
  bool keep_alive = true;
  std::string upgrade;  // the protocol asked for, "" for none
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  bool keep_alive = true;
};

struct HttpLimits {
  std::size_t head = 8 * 1024;
  std::size_t body = 64 * 1024;
  milliseconds idle{120'000};          // until the first byte of the next message
  milliseconds head_deadline{10'000};  // from its first byte to the end of the head
  milliseconds body_deadline{30'000};
};

class HttpReader {
 public:
  // `first`: bytes of the peer that were read already.
  explicit HttpReader(Stream& stream, std::string first = {})
      : stream_(stream), buffer_(std::move(first)) {}

  // Errc::unreachable: the peer has gone (message "" when it left between messages). Errc::usage:
  // malformed, the connection must end. Errc::timed_out: a deadline passed; the stream is closed
  // then.
  Task<Result<Request>> request(HttpLimits limits);
  Task<Result<Response>> response(HttpLimits limits);

  // After an upgrade: the bytes that came with the head and belong to the new protocol.
  std::string take_rest() { return std::exchange(buffer_, {}); }

 private:
  Stream& stream_;
  std::string buffer_;
};

Task<error_code> write_request(Stream& stream, Request request);
Task<error_code> write_response(Stream& stream, Response response);
std::string print_response(const Response& response);  // as write_response sends it
// Without a length: the body is what follows until the connection closes (RFC 9112 section 6.3).
std::string print_response_head(const Response& response);

// A stream that gives `rest` first: what was read beyond an upgrade.
std::shared_ptr<Stream> with_rest(std::shared_ptr<Stream> stream, std::string rest);

}  // namespace edge::net
