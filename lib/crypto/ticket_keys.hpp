// The keys that TLS session tickets are sealed with: which one seals, which ones still open, when
// there is a new one, and their form in a file. No TLS here (net/tls_tickets.hpp), and no clock.
// Threat: who has a key can open the tickets sealed under it and be the server of their sessions,
// so a key lives for two days at the most, and never where others may read it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"
#include "base/time.hpp"

namespace edge::crypto {

struct TicketKey {
  std::string name;  // 16 bytes that stand in the ticket in clear; random
  WallTime made{};
  Secret cipher;  // 32 bytes, AES-256
  Secret mac;     // 32 bytes, HMAC-SHA256
};

TicketKey make_ticket_key(WallTime now);

// Newest first: the newest seals, all of them open. A value: a rotation makes another one.
class TicketKeys {
 public:
  static constexpr std::chrono::hours kRotateEvery{24};
  static constexpr std::size_t kGenerations = 2;
  // A ticket's life: never longer than the time for which its key can be found again.
  static constexpr std::chrono::hours kTicketLife = kRotateEvery;

  // No key at all: due() says so.
  TicketKeys() = default;

  bool empty() const noexcept { return keys_.empty(); }
  std::size_t size() const noexcept { return keys_.size(); }
  // REQUIRES: not empty.
  const TicketKey& newest() const { return keys_.front(); }
  // Null when no key has this name.
  const TicketKey* find(std::string_view name) const noexcept;

  // Whether a new key is wanted: none is there, or the newest is a day old. A key of the future
  // (the clock was wrong, or is) counts by its distance like one of the past.
  bool due(WallTime now) const;
  // With `fresh` in front, without keys over their number or twice the rotation old.
  TicketKeys with(TicketKey fresh, WallTime now) const;
  // The same without a new key: what an old file still has to say.
  TicketKeys without_old(WallTime now) const;

  // The file's bytes; secret. A version, the keys, and a SHA-256 over both against damage.
  Secret print() const;
  // Nothing when it is not what print() wrote: short, longer, damaged, another version.
  static std::optional<TicketKeys> parse(std::string_view bytes);

 private:
  std::vector<TicketKey> keys_;
};

}  // namespace edge::crypto
