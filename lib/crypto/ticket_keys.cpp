#include "crypto/ticket_keys.hpp"

#include <algorithm>

#include "crypto/keys.hpp"
#include "crypto/random.hpp"

namespace edge::crypto {
namespace {

constexpr std::string_view kVersion = "edge-tickets-1\n\n";
constexpr std::size_t kTime = 8, kName = 16, kKey = 32, kSum = 32;
constexpr std::size_t kRecord = kTime + kName + kKey + kKey;

milliseconds distance(WallTime left, WallTime right) {
  return left < right ? right - left : left - right;
}

std::string print_time(WallTime time) {
  const auto number = static_cast<std::uint64_t>(time.time_since_epoch().count());
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xff);
  return bytes;
}

// Nothing for what no clock of ours says (bounds the arithmetic above).
std::optional<WallTime> parse_time(std::string_view bytes) {
  constexpr std::uint64_t kMost = 253'402'300'800'000;  // the year 10000
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  if (number >= kMost) return std::nullopt;
  return WallTime{milliseconds{static_cast<std::int64_t>(number)}};
}

}  // namespace

TicketKey make_ticket_key(WallTime now) {
  return TicketKey{random_bytes(kName), now, random_secret(kKey), random_secret(kKey)};
}

const TicketKey* TicketKeys::find(std::string_view name) const noexcept {
  for (const auto& key : keys_) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

bool TicketKeys::due(WallTime now) const {
  return keys_.empty() || distance(now, newest().made) >= kRotateEvery;
}

TicketKeys TicketKeys::without_old(WallTime now) const {
  TicketKeys kept;
  for (const auto& key : keys_) {
    if (distance(now, key.made) < kGenerations * kRotateEvery) kept.keys_.push_back(key);
  }
  return kept;
}

TicketKeys TicketKeys::with(TicketKey fresh, WallTime now) const {
  auto next = without_old(now);
  next.keys_.insert(next.keys_.begin(), std::move(fresh));
  if (next.keys_.size() > kGenerations) next.keys_.resize(kGenerations);
  return next;
}

Secret TicketKeys::print() const {
  std::string bytes;
  bytes.reserve(kVersion.size() + keys_.size() * kRecord + kSum);  // no copy is left behind
  bytes += kVersion;
  for (const auto& key : keys_) {
    bytes += print_time(key.made);
    bytes += key.name;
    bytes += key.cipher.reveal();  // for the file, which is 0600
    bytes += key.mac.reveal();
  }
  bytes += sha256(bytes);
  Secret printed(bytes);
  wipe(bytes.data(), bytes.size());
  return printed;
}

std::optional<TicketKeys> TicketKeys::parse(std::string_view bytes) {
  if (bytes.size() < kVersion.size() + kRecord + kSum) return std::nullopt;
  const auto content = bytes.substr(0, bytes.size() - kSum);
  if (!content.starts_with(kVersion) || bytes.substr(content.size()) != sha256(content))
    return std::nullopt;
  auto records = content.substr(kVersion.size());
  if (records.size() % kRecord != 0 || records.size() / kRecord > kGenerations) return std::nullopt;
  TicketKeys parsed;
  for (; !records.empty(); records.remove_prefix(kRecord)) {
    const auto made = parse_time(records.substr(0, kTime));
    if (!made) return std::nullopt;
    parsed.keys_.push_back(TicketKey{std::string(records.substr(kTime, kName)), *made,
                                     Secret(records.substr(kTime + kName, kKey)),
                                     Secret(records.substr(kTime + kName + kKey, kKey))});
  }
  return parsed;
}

}  // namespace edge::crypto
