// Two parsers read what strangers send to the poll port. What the plain one knows, the whole one
// must understand alike, or bytes that a proxy read one way would mean another thing here.
#include <random>

#include "net/http.hpp"
#include "net_drive.hpp"
#include "wire/plain_get.hpp"

namespace edge::net::test {
namespace {

const std::string kCheckIn =
    "GET /v1/check-in HTTP/1.1\r\nPrefer: wait=55\r\nHost: edge\r\nX-Forwarded-For: 192.0.2.1\r\n"
    "Connection: keep-alive\r\nAuthorization: Edge QEFCQ0RFRkdISUpLTE1OTw\r\n\r\n";

// Bytes that mean something to HTTP, among others.
std::string mutated(std::mt19937& random) {
  static const std::vector<std::string> pieces{"\r\n",
                                               "\r",
                                               "\n",
                                               ":",
                                               " ",
                                               "\t",
                                               ",",
                                               "close",
                                               "GET ",
                                               " HTTP/1.1",
                                               "Host: x\r\n",
                                               "\0",
                                               "Content-Length: 5\r\n",
                                               "Transfer-Encoding: chunked\r\n",
                                               "Prefer: wait=1\r\n",
                                               "authorization: b\r\n",
                                               "Connection: close\r\n",
                                               "\x80",
                                               "/",
                                               "//",
                                               "Upgrade: ssh\r\n"};
  auto bytes = kCheckIn;
  for (std::size_t changes = 1 + random() % 3; changes > 0; --changes) {
    const auto at = random() % bytes.size();
    switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(random() % 256);
        break;
      case 1:
        bytes.erase(at, 1 + random() % 4);
        break;
      case 2:
        bytes.insert(at, pieces[random() % pieces.size()]);
        break;
      default: {
        const auto line = bytes.find("\r\n", at);
        if (line != std::string::npos) bytes.insert(line + 2, pieces[random() % pieces.size()]);
      }
    }
    if (bytes.empty()) return "\r\n\r\n";
  }
  return bytes;
}

Task<> compare(std::size_t rounds, std::size_t& known) {
  auto ends = connected(co_await asio::this_coro::executor);
  ends.far->close();              // nothing follows
  std::mt19937 random(20261125);  // the same ones each time
  for (std::size_t i = 0; i < rounds; ++i) {
    const auto bytes = i == 0 ? kCheckIn : mutated(random);
    const auto plain = wire::parse_plain_get(bytes);
    if (!plain) continue;
    ++known;
    CAPTURE(bytes);
    HttpReader reader(*ends.near, bytes);
    HttpLimits limits;
    const auto whole = co_await reader.request(limits);
    REQUIRE(whole);
    CHECK(whole->method == "GET");
    CHECK(whole->target == plain->target);
    CHECK(find_header(whole->headers, "Authorization") == plain->authorization);
    CHECK(find_header(whole->headers, "Prefer") == plain->prefer);
    CHECK(find_header(whole->headers, "X-Forwarded-For") == plain->forwarded_for);
    CHECK(whole->keep_alive == plain->keep_alive);
    CHECK(whole->body.empty());
    CHECK(whole->upgrade.empty());
    CHECK(reader.take_rest().empty());
  }
}

}  // namespace

TEST_CASE("what the plain parser knows the whole one understands alike") {
  std::size_t known = 0;
  drive(compare(200'000, known));
  CHECK(known > 20'000);  // the changes must not all be of the kind that is refused
}

}  // namespace edge::net::test
