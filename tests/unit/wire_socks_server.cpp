#include <doctest/doctest.h>

#include "base/encoding.hpp"
#include "printing.hpp"
#include "wire/socks_server.hpp"

using namespace edge;
using namespace edge::wire;

namespace {

std::string bytes(const char* hex) {
  return from_hex(hex).value();
}

// "reply>target" or "reply!mistake", with everything that was said on the way.
std::string talk(const std::string& input, std::size_t at_once) {
  SocksDialogue dialogue;
  std::string unread, said;
  for (std::size_t i = 0; i < input.size(); i += at_once) {
    unread += input.substr(i, at_once);
    for (;;) {
      const auto step = dialogue.take(unread);
      unread.erase(0, step.taken);
      said += to_hex(step.reply);
      if (!step.mistake.empty()) return said + "!" + step.mistake;
      if (step.target) {
        return said + ">" + format_host_port(*step.target) + " " +
               to_hex(dialogue.answer(SocksOutcome::connected)) + " rest " + to_hex(unread);
      }
      if (step.taken == 0) break;
    }
  }
  return said + "...";
}

}  // namespace

TEST_CASE("SOCKS 4, 4a and 5 are understood, however the bytes come") {
  const struct {
    const char* name;
    const char* input;
    const char* expected;
  } rows[] = {
      {"5, an IPv4 address", "050100 05010001 7f000001 0050",
       "0500>127.0.0.1:80 05000001000000000000 rest "},
      {"5, IPv6, several methods", "05020200 05010004 20010db8000000000000000000000001 01bb",
       "0500>[2001:db8::1]:443 05000001000000000000 rest "},
      {"5, a name, which is left to the far side", "050100 05010003 02 6462 1538",
       "0500>db:5432 05000001000000000000 rest "},
      {"5 with a client that insists on a password", "050102",
       "05ff!its client insists on a password"},
      {"5, BIND", "050100 05020001 7f000001 0050",
       "050005070001000000000000!a SOCKS command other than CONNECT"},
      {"5, an address of no kind", "050100 05010009 7f000001 0050",
       "050005080001000000000000!a SOCKS address of an unknown kind"},
      {"5, a name without letters", "050100 05010003 00 0050",
       "050005080001000000000000!a SOCKS address of an unknown kind"},
      {"5 and then another version", "050100 0401", "0500!a SOCKS 5 request of another version"},
      {"4", "0401 0050 7f000001 6d6500", ">127.0.0.1:80 005a000000000000 rest "},
      {"4a", "0401 1538 00000001 00 646200", ">db:5432 005a000000000000 rest "},
      {"4, BIND", "0402 0050 7f000001 00", "005b000000000000!a SOCKS command other than CONNECT"},
      {"4a without a name", "0401 1538 00000001 00 00",
       "005b000000000000!a SOCKS request for no host"},
      {"a web browser", "474554202f", "!this port speaks SOCKS 4 and 5 only"},
      {"half a greeting", "0502", "..."},
      {"half a request", "050100 0501", "0500..."},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    std::string hex(row.input);
    std::erase(hex, ' ');
    CHECK(talk(bytes(hex.c_str()), 1) == row.expected);
    CHECK(talk(bytes(hex.c_str()), 1000) == row.expected);
  }
}

TEST_CASE("what follows a SOCKS request is the target's") {
  CHECK(talk(bytes("0501000501000302646215381603"), 100) ==
        "0500>db:5432 05000001000000000000 rest 1603");
}

TEST_CASE("a SOCKS request without an end is not waited for") {
  const auto endless = bytes("040100507f000001") + std::string(2'000, 'x');
  CHECK(talk(endless, 100) == "!a SOCKS request without an end");
}
