// How values look in columns: times as unix milliseconds, bytes as hex text.
#pragma once

#include <optional>
#include <string>

#include "base/secret.hpp"
#include "base/time.hpp"

namespace edge::store {

long long to_column(WallTime time);
std::optional<long long> to_column(const std::optional<WallTime>& time);
WallTime time_from(long long column);

std::optional<std::string> hex_of(const std::optional<std::string>& bytes);

// Throws BrokenRow, naming `whose`, when the column is not hex.
std::string bytes_from(const std::string& column, const std::string& whose);

// The hex form of a key; wiped when it dies.
class KeyColumn {
 public:
  KeyColumn() = default;
  explicit KeyColumn(const Secret& key);
  KeyColumn(const KeyColumn&) = delete;
  KeyColumn& operator=(const KeyColumn&) = delete;
  ~KeyColumn() { wipe(text.data(), text.size()); }

  Secret key(const std::string& whose) const;  // throws BrokenRow

  std::string text;
};

}  // namespace edge::store
