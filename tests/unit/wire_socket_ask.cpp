#include <doctest/doctest.h>

#include "base/encoding.hpp"
#include "printing.hpp"
#include "wire/socket_ask.hpp"

using namespace edge;
using namespace edge::wire;
using Verb = SocketAsk::Verb;

TEST_CASE("a question for a socket is read when it is whole, byte by byte") {
  const SocketAsk asked{Verb::connect, "/run/docker.sock"};
  const auto text = print_socket_ask(asked);
  CHECK(to_hex(text) == "01010010" + to_hex("/run/docker.sock"));
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto part = parse_socket_ask(text.substr(0, size));
    REQUIRE(part);
    CHECK_FALSE(part->has_value());
  }
  const auto whole = parse_socket_ask(text);
  REQUIRE(whole);
  CHECK(**whole == asked);
}

TEST_CASE("what is no question for a socket is refused") {
  for (const auto& text :
       {std::string("GET / HTTP/1.1"), std::string("\x02\x01\x00\x01/", 5),
        std::string("\x01\x04\x00\x01/", 5), std::string("\x01\x00\x00\x01/", 5),
        std::string("\x01\x01\xff\xff", 4), std::string("\x01\x01\x00\x01x", 5),
        std::string("\x01\x01\x00\x00", 4), std::string("\x01\x01\x00\x03/\0a", 7),
        std::string("\x01\x01\x00\x01/too much", 13)}) {
    CAPTURE(text);
    const auto read = parse_socket_ask(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::usage);
  }
}

TEST_CASE("the answer about a socket keeps its reason and its kind") {
  CHECK(parse_socket_answer(print_socket_answer(Result<void>{})));
  for (const auto code : {Errc::not_found, Errc::not_allowed, Errc::unreachable, Errc::conflict,
                          Errc::unavailable, Errc::usage, Errc::failure}) {
    const Result<void> refused = fail(code, "no such file");
    const auto text = print_socket_answer(refused);
    CHECK(socket_answer_size(text) == 12);
    const auto read = parse_socket_answer(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == code);
    CHECK(read.error().message == "no such file");
  }
  const auto unknown = parse_socket_answer(std::string("\x63\x00\x01x", 4));
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == Errc::failure);
  const Result<void> endless = fail(Errc::failure, std::string(100'000, 'x'));
  CHECK(print_socket_answer(endless).size() == kSocketAnswerHead + kMostSocketWords);
}
