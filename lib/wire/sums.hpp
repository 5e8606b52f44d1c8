// The subsystem edge-sums: sizes and SHA-256 of a node's files, asked by edgectl and told by the
// agent. Every packet is a length (u32) and what print() and parse() know.
// docs/tunnel-protocol.md, section 3, is the contract. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edge::wire {

inline constexpr std::uint32_t kSumsVersion = 1;
inline constexpr std::size_t kMostSumsRequest = 8 * 1024;    // a path has 4,096 bytes at most
inline constexpr std::size_t kMostSumsAnswer = 1024 * 1024;  // as many ranges as fit
inline constexpr std::size_t kMostRanges = 65'000;
inline constexpr std::uint64_t kToTheEnd = ~std::uint64_t{0};

struct SumsRequest {
  enum class Kind : std::uint8_t {
    sum = 1,      // of a whole file: one answer
    follow = 2,   // opens a file under `id`, to be summed while it is written or read: no answer
    advance = 3,  // what is there up to `to` may be summed already: no answer
    digest = 4,   // the sum of what is there up to `to`: one answer; more may follow
    forget = 5,   // closes what is open under `id`: no answer
    ranges = 6,   // where a file has data and not holes: one answer
  };
  Kind kind = Kind::sum;
  std::uint32_t id = 0;
  std::string path;      // sum, follow, ranges: bytes; relative to the account's home
  bool is_part = false;  // follow: nobody else may write it meanwhile (flock), and it is no link
  std::uint64_t to = 0;  // advance, digest
  bool operator==(const SumsRequest&) const = default;
};

struct SumsHello {  // comes first, without being asked for
  std::uint32_t version = 0;
  std::uint32_t user = 0, group = 0;  // whom the files that are made belong to
  bool operator==(const SumsHello&) const = default;
};

struct DataRange {
  std::uint64_t from = 0, to = 0;
  bool operator==(const DataRange&) const = default;
};

struct SumsAnswer {
  enum class Kind : std::uint8_t { hello = 128, sum = 129, ranges = 130, failed = 131 };
  Kind kind = Kind::sum;
  std::uint32_t id = 0;
  SumsHello hello;
  std::uint64_t size = 0;    // sum, ranges: of the file
  std::uint64_t summed = 0;  // sum: how much of it
  std::array<unsigned char, 32> hash{};
  std::vector<DataRange> ranges;  // ascending, within the size
  std::uint32_t error = 0;        // failed: errno, and its words
  std::string words;
  bool operator==(const SumsAnswer&) const = default;
};

std::string print(const SumsRequest& request);  // with its length
std::string print(const SumsAnswer& answer);

// What follows the length; nothing: it is no such packet.
std::optional<SumsRequest> parse_sums_request(std::string_view packet);
std::optional<SumsAnswer> parse_sums_answer(std::string_view packet);

}  // namespace edge::wire
