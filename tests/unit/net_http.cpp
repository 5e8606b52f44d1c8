#include "net/http.hpp"
#include "net_drive.hpp"

namespace edge::net::test {
namespace {

HttpLimits small_limits() {
  HttpLimits limits;
  limits.head = 1024;
  limits.body = 100;
  limits.idle = limits.head_deadline = limits.body_deadline = kLong;
  return limits;
}

Task<> send_in_pieces(Stream& stream, std::string text, std::size_t piece) {
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const auto error = co_await write_text(stream, text.substr(at, piece));
    if (error) co_return;
    co_await sleep(milliseconds{0});
  }
  co_await stream.shutdown_write();
}

// Reads requests until the first error, which is the last element.
Task<> read_requests(std::string text, std::size_t piece, std::vector<Result<Request>>& all) {
  const auto executor = co_await asio::this_coro::executor;
  auto ends = connected(executor);
  TaskGroup group(executor);
  group.spawn("sender", send_in_pieces(*ends.far, std::move(text), piece));
  HttpReader reader(*ends.near);
  do {
    auto request = co_await reader.request(small_limits());
    all.push_back(std::move(request));
  } while (all.back() && all.size() < 20);
  ends.near->close();
  co_await group.join();
}

std::vector<Result<Request>> requests(std::string text, std::size_t piece = SIZE_MAX / 2) {
  std::vector<Result<Request>> all;
  drive(read_requests(std::move(text), piece, all));
  return all;
}

Task<> read_response(std::string text, std::optional<Result<Response>>& answer) {
  auto ends = connected(co_await asio::this_coro::executor);
  co_await write_text(*ends.far, std::move(text));
  co_await ends.far->shutdown_write();
  HttpReader reader(*ends.near);
  auto response = co_await reader.response(small_limits());
  answer.emplace(std::move(response));
}

Result<Response> response(std::string text) {
  std::optional<Result<Response>> answer;
  drive(read_response(std::move(text), answer));
  REQUIRE(answer);
  return *answer;
}

const std::string kTwo =
    "POST /v1/one HTTP/1.1\r\nHost: edge\r\nContent-Length: 5\r\n\r\nfirst"
    "GET /v1/two HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n";

Task<> round_trip(Request request, std::optional<Result<Request>>& got, std::string& rest) {
  auto ends = connected(co_await asio::this_coro::executor);
  co_await write_request(*ends.far, std::move(request));
  co_await write_text(*ends.far, "SSH-2.0-edge");
  HttpReader reader(*ends.near);
  auto read = co_await reader.request(small_limits());
  got.emplace(std::move(read));
  rest = reader.take_rest();
}

Task<> read_what_remains(std::string& all) {
  auto ends = connected(co_await asio::this_coro::executor);
  co_await write_text(*ends.far, " and the new");
  co_await ends.far->shutdown_write();
  auto stream = with_rest(std::move(ends.near), "the rest");
  auto whole = co_await read_to_end(*stream);
  all = whole.bytes;
}

// Remembers who was offered to.
class Offering final : public Stream {
 public:
  Offering(asio::any_io_executor executor, bool& taken)
      : executor_(std::move(executor)), taken_(taken) {}
  asio::any_io_executor executor() override { return executor_; }
  Task<Read> read_some(asio::mutable_buffer) override { co_return Read{asio::error::eof, 0}; }
  Task<error_code> write(asio::const_buffer) override { co_return error_code{}; }
  Task<error_code> shutdown_write() override { co_return error_code{}; }
  void close() noexcept override {}
  void offer_to(Taker taker) override { taken_ = taker != nullptr; }

 private:
  asio::any_io_executor executor_;
  bool& taken_;
};

Task<> offer_after_the_rest() {
  const auto executor = co_await asio::this_coro::executor;
  bool taken = false;
  auto stream = with_rest(std::make_shared<Offering>(executor, taken), "rest");
  stream->offer_to([](asio::const_buffer) { return std::size_t{0}; });
  std::string buffer(16, '\0');
  co_await stream->read_some(asio::buffer(buffer));
  CHECK_FALSE(taken);  // whoever reads has not passed it on yet
  co_await stream->read_some(asio::buffer(buffer));
  CHECK(taken);
  stream->offer_to({});
  CHECK_FALSE(taken);
}

Task<> wait_for_request(HttpLimits limits, std::string text, std::optional<Result<Request>>& got) {
  auto ends = connected(co_await asio::this_coro::executor);
  co_await write_text(*ends.far, std::move(text));
  HttpReader reader(*ends.near);
  auto read = co_await reader.request(limits);
  got.emplace(std::move(read));
  const auto ended = co_await read_to_end(*ends.far);
  CHECK(ended.bytes.empty());  // the stream was closed under the peer
}

Errc deadline_error(HttpLimits limits, std::string text) {
  std::optional<Result<Request>> got;
  drive(wait_for_request(limits, std::move(text), got));
  REQUIRE(got);
  REQUIRE_FALSE(*got);
  return got->error().code;
}

}  // namespace

TEST_CASE("what arrives is offered once the rest has gone on, and not before") {
  drive(offer_after_the_rest());
}

TEST_CASE("requests that come together are read one after the other") {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, kTwo.size()}) {
    CAPTURE(piece);
    const auto all = requests(kTwo, piece);
    REQUIRE(all.size() == 3);
    CHECK(all[0]->method == "POST");
    CHECK(all[0]->target == "/v1/one");
    CHECK(all[0]->body == "first");
    CHECK(all[0]->keep_alive);
    CHECK(find_header(all[0]->headers, "HOST") == "edge");
    CHECK(all[1]->target == "/v1/two");
    CHECK_FALSE(all[1]->keep_alive);
    CHECK(all[2].error().code == Errc::unreachable);
    CHECK(all[2].error().message.empty());  // it left between two messages
  }
}

TEST_CASE("a chunked body is put together") {
  const auto all = requests(
      "PUT /x HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: "
      "chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n",
      3);
  REQUIRE(all[0]);
  CHECK(all[0]->body == "hello!");
}

TEST_CASE("a peer that leaves in the middle of a message has closed the connection") {
  for (const std::string text :
       {"G", "GET / HTTP/1.1\r\nHo", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n1234"}) {
    CAPTURE(text);
    const auto all = requests(text);
    REQUIRE(all.size() == 1);
    CHECK(all[0].error().code == Errc::unreachable);
    CHECK_FALSE(all[0].error().message.empty());
  }
}

TEST_CASE("what is no HTTP is refused as malformed") {
  const std::string many(2'000, 'a');
  const std::string tables[] = {
      "SSH-2.0-OpenSSH_9.2\r\n\r\n",
      std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9),
      std::string("GET / HTTP/1.1\r\nA: \0b\r\n\r\n", 25),
      "GET / HTTP/9.9\r\n\r\n",
      "GET  / HTTP/1.1\r\n\r\n",
      "GET /\x01 HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nno colon\r\n\r\n",
      "GET / HTTP/1.1\r\nA : space before the colon\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 5x\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999999\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n" + many.substr(0, 101),
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n70\r\n" + many.substr(0, 0x70) +
          "\r\n0\r\n\r\n",
      "GET /" + many + " HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nA: " + many + "\r\n\r\n",
      many + many + many,
  };
  for (const auto& text : tables) {
    CAPTURE(text);
    for (const std::size_t piece : {std::size_t{1}, text.size()}) {
      const auto all = requests(text, piece);
      REQUIRE(all.size() == 1);
      REQUIRE_FALSE(all[0]);
      CHECK(all[0].error().code == Errc::usage);
    }
  }
}

TEST_CASE("a head that never ends is cut off at its limit") {
  std::string text = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 10'000; ++i) text += "A: b\r\n";
  const auto all = requests(text, 4'096);
  REQUIRE(all.size() == 1);
  CHECK(all[0].error().code == Errc::usage);
}

TEST_CASE("an upgrade names its protocol and what follows it is kept") {
  Request request;
  request.method = "GET";
  request.target = "/v1/session";
  request.upgrade = "ssh";
  request.headers = {{"Host", "agent"}};
  std::optional<Result<Request>> got;
  std::string rest;
  drive(round_trip(request, got, rest));
  REQUIRE(*got);
  CHECK((*got)->upgrade == "ssh");
  CHECK(rest == "SSH-2.0-edge");
}

TEST_CASE("a request comes out as it went in") {
  Request request;
  request.method = "POST";
  request.target = "/v1/agent";
  request.headers = {{"Host", "edge"}, {"Edge-Next", "5/55"}};
  request.body = pattern(100);
  request.keep_alive = false;
  std::optional<Result<Request>> got;
  std::string rest;
  drive(round_trip(request, got, rest));
  REQUIRE(*got);
  CHECK((*got)->method == request.method);
  CHECK((*got)->target == request.target);
  CHECK((*got)->body == request.body);
  CHECK_FALSE((*got)->keep_alive);
  CHECK(find_header((*got)->headers, "edge-next") == "5/55");
  CHECK(find_header((*got)->headers, "edge").empty());
}

TEST_CASE("a stream gives the rest of an upgrade first and then its own bytes") {
  std::string all;
  drive(read_what_remains(all));
  CHECK(all == "the rest and the new");
}

TEST_CASE("a response without a body needs no length") {
  const auto empty = response("HTTP/1.1 204 \r\nEdge-Next: 5/55\r\n\r\n");  // without a reason
  REQUIRE(empty);
  CHECK(empty->status == 204);
  CHECK(empty->keep_alive);
  CHECK(find_header(empty->headers, "edge-next") == "5/55");
}

TEST_CASE("a response without a length ends with its connection") {
  const auto until_end = response("HTTP/1.1 200 OK\r\n\r\nall of it");
  REQUIRE(until_end);
  CHECK(until_end->body == "all of it");
  CHECK_FALSE(until_end->keep_alive);
}

TEST_CASE("a response over its limits is refused") {
  CHECK(response("HTTP/1.1 200 OK\r\n\r\n" + pattern(101)).error().code == Errc::usage);
  CHECK(response("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n").error().code == Errc::usage);
  CHECK(response("HTTP/1.1 2000 OK\r\n\r\n").error().code == Errc::usage);
  CHECK(response("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut").error().code ==
        Errc::unreachable);
  CHECK(response("").error().code == Errc::unreachable);
}

TEST_CASE("each part of a message has its own deadline") {
  auto limits = small_limits();
  SUBCASE("silence before the first byte") {
    limits.idle = kSoon;
    CHECK(deadline_error(limits, "") == Errc::timed_out);
  }
  SUBCASE("a head that stops in the middle") {
    limits.head_deadline = kSoon;
    CHECK(deadline_error(limits, "GET / HTTP/1.1\r\n") == Errc::timed_out);
  }
  SUBCASE("a body that stops in the middle") {
    limits.body_deadline = kSoon;
    CHECK(deadline_error(limits, "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n12") ==
          Errc::timed_out);
  }
}

}  // namespace edge::net::test
