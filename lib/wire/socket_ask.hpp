// What is said on a channel of the subsystem "edge-unix" before its bytes are those of a Unix
// socket of the node (docs/tunnel-protocol.md). Pure; both sides are hostile to the other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace edge::wire {

inline constexpr std::size_t kMostSocketPath = 4'096;
inline constexpr std::size_t kMostSocketWords = 1'024;

struct SocketAsk {
  enum class Verb : std::uint8_t {
    connect = 1,  // the channel becomes the connection
    listen = 2,   // for as long as the channel is open; each connection is a channel of its own
    end = 3,      // of a listener; only between the agent and its own process
  };
  Verb verb = Verb::connect;
  std::string path;  // absolute
  bool operator==(const SocketAsk&) const = default;
};

// REQUIRES: the path is not longer than kMostSocketPath.
std::string print_socket_ask(const SocketAsk& ask);
// Nothing: more bytes are needed. Errc::usage: no question of this protocol. Nobody sends more
// before the answer: what follows is refused, too.
Result<std::optional<SocketAsk>> parse_socket_ask(std::string_view bytes);

// Yes, or the reason. Words beyond kMostSocketWords are cut off.
std::string print_socket_answer(const Result<void>& answer);
inline constexpr std::size_t kSocketAnswerHead = 3;
// Of the words that follow these kSocketAnswerHead bytes.
std::size_t socket_answer_size(std::string_view head);
// REQUIRES: the head, and as many bytes after it.
Result<void> parse_socket_answer(std::string_view bytes);

}  // namespace edge::wire
