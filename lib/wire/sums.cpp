#include "wire/sums.hpp"

#include <algorithm>

#include "base/packed.hpp"

namespace edge::wire {
namespace {

constexpr std::size_t kMostPath = 4'096;

using Ask = SumsRequest::Kind;
using Tell = SumsAnswer::Kind;

bool names_a_path(Ask kind) {
  return kind == Ask::sum || kind == Ask::follow || kind == Ask::ranges;
}

std::string_view view(const std::array<unsigned char, 32>& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

// Ascending and within the file: whoever copies by them must not be led astray.
bool make_sense(const SumsAnswer& answer) {
  std::uint64_t at = 0;
  for (const auto& range : answer.ranges) {
    if (range.from < at || range.to <= range.from || range.to > answer.size) return false;
    at = range.to;
  }
  return true;
}

bool read_ranges(Unpacker& in, SumsAnswer& answer) {
  answer.size = in.u64();
  const auto count = in.u32();
  if (!in.good() || count > kMostRanges || in.left() != count * std::size_t{16}) return false;
  answer.ranges.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto from = in.u64();
    answer.ranges.push_back({from, in.u64()});
  }
  return make_sense(answer);
}

}  // namespace

std::string print(const SumsRequest& request) {
  Packer out(16 + request.path.size());
  out.u8(static_cast<std::uint8_t>(request.kind)).u32(request.id);
  if (names_a_path(request.kind)) out.text(request.path);
  if (request.kind == Ask::follow) out.u8(request.is_part ? 1 : 0);
  if (request.kind == Ask::advance || request.kind == Ask::digest) out.u64(request.to);
  return out.take();
}

std::string print(const SumsAnswer& answer) {
  Packer out(64 + answer.ranges.size() * 16);
  out.u8(static_cast<std::uint8_t>(answer.kind)).u32(answer.id);
  switch (answer.kind) {
    case Tell::hello:
      out.u32(answer.hello.version).u32(answer.hello.user).u32(answer.hello.group);
      break;
    case Tell::sum:
      out.u64(answer.size).u64(answer.summed).raw(view(answer.hash));
      break;
    case Tell::ranges:
      out.u64(answer.size).u32(static_cast<std::uint32_t>(answer.ranges.size()));
      for (const auto& range : answer.ranges) out.u64(range.from).u64(range.to);
      break;
    case Tell::failed:
      out.u32(answer.error).text(answer.words);
      break;
  }
  return out.take();
}

std::optional<SumsRequest> parse_sums_request(std::string_view packet) {
  Unpacker in(packet);
  const auto kind = in.u8();
  if (kind < static_cast<std::uint8_t>(Ask::sum) || kind > static_cast<std::uint8_t>(Ask::ranges))
    return std::nullopt;
  SumsRequest request;
  request.kind = static_cast<Ask>(kind);
  request.id = in.u32();
  if (names_a_path(request.kind)) request.path = std::string(in.text());
  if (request.kind == Ask::follow) request.is_part = in.u8() != 0;
  if (request.kind == Ask::advance || request.kind == Ask::digest) request.to = in.u64();
  const bool is_path = request.path.size() <= kMostPath &&
                       request.path.find('\0') == std::string::npos &&
                       request.path.empty() != names_a_path(request.kind);
  if (!in.at_end() || !is_path) return std::nullopt;
  return request;
}

std::optional<SumsAnswer> parse_sums_answer(std::string_view packet) {
  Unpacker in(packet);
  SumsAnswer answer;
  answer.kind = static_cast<Tell>(in.u8());
  answer.id = in.u32();
  switch (answer.kind) {
    case Tell::hello:
      answer.hello.version = in.u32();
      answer.hello.user = in.u32();
      answer.hello.group = in.u32();
      if (answer.hello.version > kSumsVersion)
        return in.good() ? std::optional(answer) : std::nullopt;
      break;
    case Tell::sum: {
      answer.size = in.u64();
      answer.summed = in.u64();
      const auto hash = in.raw(answer.hash.size());
      std::copy(hash.begin(), hash.end(), answer.hash.begin());
      break;
    }
    case Tell::ranges:
      if (!read_ranges(in, answer)) return std::nullopt;
      break;
    case Tell::failed:
      answer.error = in.u32();
      answer.words = std::string(in.text());
      break;
    default:
      return std::nullopt;
  }
  if (!in.at_end()) return std::nullopt;
  return answer;
}

}  // namespace edge::wire
