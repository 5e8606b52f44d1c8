#include <doctest/doctest.h>

#include "printing.hpp"
#include "wire/connect_answer.hpp"

using namespace edge;
using namespace edge::wire;

TEST_CASE("a proxy is asked with host and port, and with user and password where it wants them") {
  ProxyUrl proxy;
  CHECK(print_connect({"edge.example.com", 9000}, proxy) ==
        "CONNECT edge.example.com:9000 HTTP/1.1\r\nHost: edge.example.com:9000\r\n\r\n");
  proxy.user = "Aladdin";
  proxy.password = Secret("open sesame");  // the example of RFC 7617
  CHECK(print_connect({"2001:db8::1", 8000}, proxy) ==
        "CONNECT [2001:db8::1]:8000 HTTP/1.1\r\nHost: [2001:db8::1]:8000\r\n"
        "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
}

TEST_CASE("a proxy's answer is its status and its words") {
  const struct {
    std::string head;
    int status;
    std::string reason;
  } rows[] = {
      {"HTTP/1.1 200 Connection established\r\n\r\n", 200, "Connection established"},
      {"HTTP/1.0 200 OK\r\nA: b\r\n\r\n", 200, "OK"},
      {"HTTP/1.1 200\r\n\r\n", 200, ""},
      {"HTTP/1.1 200 \r\n\r\n", 200, ""},
      {"HTTP/1.1 299 Fine\r\n\r\n", 299, "Fine"},
      {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", 407, "Proxy Authentication Required"},
      {"HTTP/1.1 403 \x1b[2Jno\r\n\r\n", 403, "\xef\xbf\xbd[2Jno"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.head);
    const auto answer = parse_connect_answer(row.head);
    REQUIRE(answer);
    CHECK(answer->status == row.status);
    CHECK(answer->reason == row.reason);
    CHECK(answer->opened() == (row.status < 300));
  }
}

TEST_CASE("what is no answer of an HTTP proxy is refused") {
  for (const std::string head :
       {"", "\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2000 x\r\n\r\n",
        "HTTP/1.1 abc x\r\n\r\n", "HTTP/1.1 -20 x\r\n\r\n", "HTTP/1.1 099 x\r\n\r\n",
        "HTTP/1.1  200 x\r\n\r\n", "HTTP/2 200 x\r\n\r\n", "SSH-2.0-x\r\n\r\n"}) {
    CAPTURE(head);
    CHECK_FALSE(parse_connect_answer(head));
  }
}

TEST_CASE("a long reason is cut") {
  const auto answer = parse_connect_answer("HTTP/1.1 500 " + std::string(5000, 'x') + "\r\n\r\n");
  REQUIRE(answer);
  CHECK(answer->reason.size() < 120);
}

TEST_CASE("a body that is text is known with its size") {
  const struct {
    std::string headers;
    bool is_text;
    std::size_t size;
  } rows[] = {
      {"", false, 0},
      {"Content-Type: text/html\r\nContent-Length: 5\r\n", false, 5},
      {"Content-Type: text/plain\r\nContent-Length: 5\r\n", true, 5},
      {"CONTENT-LENGTH:  7\r\ncontent-type:text/plain; charset=utf-8\r\n", true, 7},
      {"Content-Type: text/plain\r\n", true, 0},
      {"Content-Type: text/plain\r\nContent-Length: x\r\n", true, 0},
      {"Content-Type: text/plain\r\nContent-Length: -1\r\n", true, 0},
      {"X-Content-Type: text/plain\r\n", false, 0},
  };
  for (const auto& row : rows) {
    CAPTURE(row.headers);
    const auto answer = parse_connect_answer("HTTP/1.1 403 No\r\n" + row.headers + "\r\n");
    REQUIRE(answer);
    CHECK(answer->is_text == row.is_text);
    CHECK(answer->body_size == row.size);
  }
}

TEST_CASE("it is soon seen that what comes is no HTTP") {
  for (const std::string text : {"", "H", "HTTP/1", "HTTP/1.1 200 OK"}) CHECK(may_be_http(text));
  for (const std::string text : {"h", "SSH-2.0", "\x05", "HTTP/2", "HTTQ"})
    CHECK_FALSE(may_be_http(text));
}
