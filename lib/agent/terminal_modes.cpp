#include "agent/terminal_modes.hpp"

#include <unistd.h>

#include <cstdint>
#include <optional>

namespace edge::agent {
namespace {

constexpr std::uint8_t kEnd = 0;
constexpr std::uint8_t kFirstUndefined = 160;
constexpr std::uint8_t kSevenBits = 90, kEightBits = 91;
constexpr std::uint8_t kInputSpeed = 128, kOutputSpeed = 129;
constexpr std::uint32_t kNoCharacter = 255;

struct Character {
  std::uint8_t opcode;
  std::size_t index;
};
// VDSUSP, VFLUSH and VSTATUS (11, 15, 17) do not exist on Linux.
constexpr Character kCharacters[] = {{1, VINTR},   {2, VQUIT},  {3, VERASE},    {4, VKILL},
                                     {5, VEOF},    {6, VEOL},   {7, VEOL2},     {8, VSTART},
                                     {9, VSTOP},   {10, VSUSP}, {12, VREPRINT}, {13, VWERASE},
                                     {14, VLNEXT}, {16, VSWTC}, {18, VDISCARD}};

struct Flag {
  std::uint8_t opcode;
  tcflag_t termios::*field;
  tcflag_t bit;
};
constexpr Flag kFlags[] = {
    {30, &termios::c_iflag, IGNPAR},  {31, &termios::c_iflag, PARMRK},
    {32, &termios::c_iflag, INPCK},   {33, &termios::c_iflag, ISTRIP},
    {34, &termios::c_iflag, INLCR},   {35, &termios::c_iflag, IGNCR},
    {36, &termios::c_iflag, ICRNL},   {37, &termios::c_iflag, IUCLC},
    {38, &termios::c_iflag, IXON},    {39, &termios::c_iflag, IXANY},
    {40, &termios::c_iflag, IXOFF},   {41, &termios::c_iflag, IMAXBEL},
    {42, &termios::c_iflag, IUTF8},  // RFC 8160
    {50, &termios::c_lflag, ISIG},    {51, &termios::c_lflag, ICANON},
    {52, &termios::c_lflag, XCASE},   {53, &termios::c_lflag, ECHO},
    {54, &termios::c_lflag, ECHOE},   {55, &termios::c_lflag, ECHOK},
    {56, &termios::c_lflag, ECHONL},  {57, &termios::c_lflag, NOFLSH},
    {58, &termios::c_lflag, TOSTOP},  {59, &termios::c_lflag, IEXTEN},
    {60, &termios::c_lflag, ECHOCTL}, {61, &termios::c_lflag, ECHOKE},
    {62, &termios::c_lflag, PENDIN},  {70, &termios::c_oflag, OPOST},
    {71, &termios::c_oflag, OLCUC},   {72, &termios::c_oflag, ONLCR},
    {73, &termios::c_oflag, OCRNL},   {74, &termios::c_oflag, ONOCR},
    {75, &termios::c_oflag, ONLRET},  {92, &termios::c_cflag, PARENB},
    {93, &termios::c_cflag, PARODD},
};

struct Speed {
  std::uint32_t bauds;
  speed_t code;
};
constexpr Speed kSpeeds[] = {
    {50, B50},       {75, B75},         {110, B110},       {134, B134},       {150, B150},
    {200, B200},     {300, B300},       {600, B600},       {1200, B1200},     {1800, B1800},
    {2400, B2400},   {4800, B4800},     {9600, B9600},     {19200, B19200},   {38400, B38400},
    {57600, B57600}, {115200, B115200}, {230400, B230400}, {460800, B460800}, {921600, B921600}};

std::optional<speed_t> speed_of(std::uint32_t bauds) {
  for (const auto& speed : kSpeeds) {
    if (speed.bauds == bauds) return speed.code;
  }
  return {};
}

void set_character(termios& modes, std::size_t index, std::uint32_t value) {
  if (value > kNoCharacter) return;
  modes.c_cc[index] = value == kNoCharacter ? cc_t{_POSIX_VDISABLE} : static_cast<cc_t>(value);
}

void set_flag(termios& modes, const Flag& flag, bool on) {
  auto& field = modes.*flag.field;
  field = on ? field | flag.bit : field & ~flag.bit;
}

void set_width(termios& modes, tcflag_t width, bool on) {
  if (on) modes.c_cflag = (modes.c_cflag & ~static_cast<tcflag_t>(CSIZE)) | width;
}

void apply(std::uint8_t opcode, std::uint32_t value, termios& modes) {
  for (const auto& character : kCharacters) {
    if (character.opcode == opcode) return set_character(modes, character.index, value);
  }
  for (const auto& flag : kFlags) {
    if (flag.opcode == opcode) return set_flag(modes, flag, value != 0);
  }
  if (opcode == kSevenBits) set_width(modes, CS7, value != 0);
  if (opcode == kEightBits) set_width(modes, CS8, value != 0);
  const auto speed = speed_of(value);
  if (opcode == kInputSpeed && speed) ::cfsetispeed(&modes, *speed);
  if (opcode == kOutputSpeed && speed) ::cfsetospeed(&modes, *speed);
}

std::uint32_t number_at(std::string_view text) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<std::uint8_t>(text[i]);
  return number;
}

}  // namespace

void apply_terminal_modes(std::string_view encoded, termios& modes) {
  constexpr std::size_t kEntry = 5;
  for (; encoded.size() >= kEntry; encoded.remove_prefix(kEntry)) {
    const auto opcode = static_cast<std::uint8_t>(encoded.front());
    if (opcode == kEnd || opcode >= kFirstUndefined) return;
    apply(opcode, number_at(encoded.substr(1)), modes);
  }
}

}  // namespace edge::agent
