#include <doctest/doctest.h>
#include <unistd.h>

#include <initializer_list>
#include <string>

#include "agent/terminal_modes.hpp"

using edge::agent::apply_terminal_modes;

namespace {

struct Mode {
  unsigned opcode;
  unsigned value;
};

std::string encoded(std::initializer_list<Mode> modes) {
  std::string text;
  for (const auto& mode : modes) {
    text += static_cast<char>(mode.opcode);
    for (const int shift : {24, 16, 8, 0}) text += static_cast<char>(mode.value >> shift & 0xff);
  }
  return text;
}

termios applied(const std::string& text, termios modes = {}) {
  apply_terminal_modes(text, modes);
  return modes;
}

}  // namespace

TEST_CASE("each flag of RFC 4254 sets and clears its bit alone") {
  const struct {
    unsigned opcode;
    tcflag_t termios::*field;
    tcflag_t bit;
  } cases[] = {{30, &termios::c_iflag, IGNPAR}, {36, &termios::c_iflag, ICRNL},
               {38, &termios::c_iflag, IXON},   {42, &termios::c_iflag, IUTF8},
               {50, &termios::c_lflag, ISIG},   {51, &termios::c_lflag, ICANON},
               {53, &termios::c_lflag, ECHO},   {61, &termios::c_lflag, ECHOKE},
               {70, &termios::c_oflag, OPOST},  {72, &termios::c_oflag, ONLCR},
               {92, &termios::c_cflag, PARENB}};
  for (const auto& row : cases) {
    CAPTURE(row.opcode);
    CHECK(applied(encoded({{row.opcode, 1}})).*row.field == row.bit);
    termios full{};
    full.*row.field = ~tcflag_t{0};
    CHECK(applied(encoded({{row.opcode, 0}}), full).*row.field == ~row.bit);
  }
}

TEST_CASE("control characters are set, 255 disables one, more is passed over") {
  const auto modes =
      applied(encoded({{1, 3}, {5, 4}, {10, 255}, {14, 22}, {3, 127}, {3, 256}, {16, 1}}));
  CHECK(modes.c_cc[VINTR] == 3);
  CHECK(modes.c_cc[VEOF] == 4);
  CHECK(modes.c_cc[VSUSP] == _POSIX_VDISABLE);
  CHECK(modes.c_cc[VLNEXT] == 22);
  CHECK(modes.c_cc[VERASE] == 127);
  CHECK(modes.c_cc[VSWTC] == 1);
}

TEST_CASE("the width of a character and the speeds are taken over") {
  const auto modes = applied(encoded({{90, 1}, {91, 1}, {128, 38'400}, {129, 115'200}}));
  CHECK((modes.c_cflag & CSIZE) == CS8);
  CHECK(::cfgetospeed(&modes) == B115200);
  const auto odd = applied(encoded({{129, 12'345}}));
  CHECK(::cfgetospeed(&odd) == B0);
}

TEST_CASE("decoding stops at the end mark, at what is undefined, and where the text is cut") {
  const auto echo = encoded({{53, 1}});
  const struct {
    const char* name;
    std::string text;
    bool echoes;
  } cases[] = {{"whole", echo, true},
               {"nothing", "", false},
               {"unknown before", encoded({{99, 7}}) + echo, true},
               {"absent on Linux before", encoded({{11, 1}, {15, 1}, {17, 1}}) + echo, true},
               {"after the end mark", std::string(1, '\0') + echo, false},
               {"after an undefined opcode", encoded({{160, 1}}) + echo, false},
               {"cut", echo.substr(0, 4), false},
               {"one opcode", "\x35", false},
               {"then cut", echo + "\x35", true}};
  for (const auto& row : cases) {
    CAPTURE(row.name);
    CHECK(((applied(row.text).c_lflag & ECHO) != 0) == row.echoes);
  }
}
