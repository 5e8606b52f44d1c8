#include <doctest/doctest.h>

#include "control/forward/forward_spec.hpp"
#include "printing.hpp"

using namespace edge;
using namespace edge::control;
using Kind = ForwardSpec::Kind;

namespace {

std::string side(const ForwardPlace& place) {
  return place.is_socket() ? "unix " + place.path
                           : "[" + place.host + "] " + std::to_string(place.port);
}

// "listener > target", or the mistake.
std::string read(Kind kind, std::string_view text) {
  const auto spec = parse_forward(kind, text);
  if (!spec) return spec.error().message;
  CHECK(spec->kind == kind);
  return side(spec->listen) + " > " + (spec->target ? side(*spec->target) : "socks");
}

}  // namespace

TEST_CASE("forwards are read as ssh reads them") {
  const struct {
    Kind kind;
    const char* text;
    const char* expected;
  } rows[] = {
      {Kind::local, "8080:localhost:80", "[localhost] 8080 > [localhost] 80"},
      {Kind::local, "127.0.0.2:8080:db:5432", "[127.0.0.2] 8080 > [db] 5432"},
      {Kind::local, "*:8080:db:5432", "[] 8080 > [db] 5432"},
      {Kind::local, ":8080:db:5432", "[] 8080 > [db] 5432"},
      {Kind::local, "[::1]:8080:[2001:db8::1]:80", "[::1] 8080 > [2001:db8::1] 80"},
      {Kind::local, "8080:[::1]:80", "[localhost] 8080 > [::1] 80"},
      {Kind::local, "0:db:5432", "[localhost] 0 > [db] 5432"},
      {Kind::local, "8080:/run/docker.sock", "[localhost] 8080 > unix /run/docker.sock"},
      {Kind::local, "127.0.0.1:8080:/run/a.sock", "[127.0.0.1] 8080 > unix /run/a.sock"},
      {Kind::local, "/tmp/a.sock:db:5432", "unix /tmp/a.sock > [db] 5432"},
      {Kind::local, "./a.sock:db:5432", "unix ./a.sock > [db] 5432"},
      {Kind::local, "/tmp/a.sock:/run/b.sock", "unix /tmp/a.sock > unix /run/b.sock"},
      {Kind::local, "/tmp/a\\:b:/run/b.sock", "unix /tmp/a:b > unix /run/b.sock"},
      {Kind::local, "[/tmp/a:b]:/run/b.sock", "unix /tmp/a:b > unix /run/b.sock"},
      {Kind::remote, "8080:localhost:80", "[localhost] 8080 > [localhost] 80"},
      {Kind::remote, "0:localhost:80", "[localhost] 0 > [localhost] 80"},
      {Kind::remote, "*:8080:localhost:80", "[] 8080 > [localhost] 80"},
      {Kind::remote, "/run/a.sock:localhost:80", "unix /run/a.sock > [localhost] 80"},
      {Kind::remote, "/run/a.sock:/tmp/b.sock", "unix /run/a.sock > unix /tmp/b.sock"},
      {Kind::remote, "8080:b.sock/x", "[localhost] 8080 > unix b.sock/x"},
      {Kind::remote, "1080", "[localhost] 1080 > socks"},
      {Kind::remote, "*:1080", "[] 1080 > socks"},
      {Kind::dynamic, "1080", "[localhost] 1080 > socks"},
      {Kind::dynamic, "[::1]:1080", "[::1] 1080 > socks"},
      {Kind::dynamic, ":1080", "[] 1080 > socks"},
      {Kind::dynamic, "/tmp/socks", "unix /tmp/socks > socks"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(read(row.kind, row.text) == row.expected);
  }
}

TEST_CASE("a forward that cannot be read is told which of its parts is wrong") {
  const struct {
    Kind kind;
    const char* text;
    const char* mistake;
  } rows[] = {
      {Kind::local, "", "it does not say where to"},
      {Kind::local, "8080", "it does not say where to"},
      {Kind::local, "8080:db", "it does not say where to"},
      {Kind::local, "8080:db:http", "'http' is no port"},
      {Kind::local, "http:db:80", "'http' is no port"},
      {Kind::local, "8080:db:65536", "'65536' is no port"},
      {Kind::local, "-1:db:80", "'-1' is no port"},
      {Kind::local, "8080:db:", "'' is no port"},
      {Kind::local, "8080:db:0", "port 0 cannot be connected to"},
      {Kind::local, "8080::80", "the host to connect to is empty"},
      {Kind::local, "1:2:3:4:5", "it has more than four parts"},
      {Kind::local, "1:2:3:/run/a", "it has too many parts for a socket"},
      {Kind::local, "[::1:8080:db:80", "a '[' has no ']'"},
      {Kind::local, "[::1]8080:db:80", "after ']' comes ':'"},
      {Kind::local, "8080:db:80\\", "it ends in a backslash"},
      {Kind::local, "8080:run/a.sock", "the far socket 'run/a.sock' needs a path from / on"},
      {Kind::local, "/tmp/a:8080:db:80", "a socket has no port ('8080')"},
      {Kind::local, "8080:/run/a:80", "a socket has no port ('80')"},
      {Kind::remote, "./a.sock:db:80", "the far socket './a.sock' needs a path from / on"},
      {Kind::dynamic, "1080:db:80", "a SOCKS listener has no target"},
      {Kind::dynamic, "1080:/run/a", "a SOCKS listener is a port or a socket"},
      {Kind::dynamic, "socks", "'socks' is no port"},
      {Kind::dynamic, "", "'' is no port"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto spec = parse_forward(row.kind, row.text);
    REQUIRE_FALSE(spec);
    CHECK(spec.error().code == Errc::usage);
    CHECK(spec.error().message.find(row.mistake) != std::string::npos);
    CHECK(spec.error().message.find(row.text) != std::string::npos);
    CHECK_FALSE(spec.error().hint.empty());
  }
}
