#include "wire/socket_ask.hpp"

#include <algorithm>
#include <array>

namespace edge::wire {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kAskHead = 4;  // version, verb, length

// The number on the wire is the place in here; 0 is yes.
constexpr std::array kReasons{Errc::failure,     Errc::failure,     Errc::not_found,
                              Errc::not_allowed, Errc::unreachable, Errc::conflict,
                              Errc::unavailable, Errc::usage};

std::size_t number_at(std::string_view text, std::size_t at) {
  return static_cast<std::size_t>(static_cast<unsigned char>(text[at])) << 8 |
         static_cast<unsigned char>(text[at + 1]);
}

void append_number(std::string& text, std::size_t number) {
  text += static_cast<char>(number >> 8);
  text += static_cast<char>(number & 0xff);
}

}  // namespace

std::string print_socket_ask(const SocketAsk& ask) {
  std::string text{static_cast<char>(kVersion), static_cast<char>(ask.verb)};
  append_number(text, ask.path.size());
  return text + ask.path;
}

Result<std::optional<SocketAsk>> parse_socket_ask(std::string_view bytes) {
  if (bytes.size() < kAskHead) return std::optional<SocketAsk>();
  const auto verb = static_cast<std::uint8_t>(bytes[1]);
  const auto size = number_at(bytes, 2);
  if (static_cast<std::uint8_t>(bytes[0]) != kVersion)
    return fail(Errc::usage, "a question for a socket in an unknown version");
  if (verb < 1 || verb > 3) return fail(Errc::usage, "an unknown question for a socket");
  if (size > kMostSocketPath) return fail(Errc::usage, "the path of the socket is too long");
  if (bytes.size() < kAskHead + size) return std::optional<SocketAsk>();
  if (bytes.size() > kAskHead + size)
    return fail(Errc::usage, "bytes for a socket before its answer");
  SocketAsk ask{static_cast<SocketAsk::Verb>(verb), std::string(bytes.substr(kAskHead))};
  if (!ask.path.starts_with('/') || ask.path.find('\0') != std::string::npos)
    return fail(Errc::usage, "the path of a socket must start with /");
  return std::optional(std::move(ask));
}

std::string print_socket_answer(const Result<void>& answer) {
  if (answer) return std::string(kSocketAnswerHead, '\0');
  const auto found = std::find(kReasons.begin() + 1, kReasons.end(), answer.error().code);
  const auto place = found == kReasons.end() ? 1 : found - kReasons.begin();
  std::string text(1, static_cast<char>(place));
  const auto words = answer.error().message.substr(0, kMostSocketWords);
  append_number(text, words.size());
  return text + words;
}

std::size_t socket_answer_size(std::string_view head) {
  return number_at(head, 1);
}

Result<void> parse_socket_answer(std::string_view bytes) {
  const auto place = static_cast<unsigned char>(bytes[0]);
  if (place == 0) return {};
  const auto code = place < kReasons.size() ? kReasons[place] : Errc::failure;
  return fail(code, std::string(bytes.substr(kSocketAnswerHead)));
}

}  // namespace edge::wire
