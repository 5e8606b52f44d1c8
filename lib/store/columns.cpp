#include "store/columns.hpp"

#include "base/encoding.hpp"
#include "store/sql_failure.hpp"

namespace edge::store {

long long to_column(WallTime time) {
  return time.time_since_epoch().count();
}

std::optional<long long> to_column(const std::optional<WallTime>& time) {
  if (!time) return std::nullopt;
  return to_column(*time);
}

WallTime time_from(long long column) {
  return WallTime{milliseconds{column}};
}

std::optional<std::string> hex_of(const std::optional<std::string>& bytes) {
  if (!bytes) return std::nullopt;
  return to_hex(*bytes);
}

std::string bytes_from(const std::string& column, const std::string& whose) {
  auto bytes = from_hex(column);
  if (!bytes) throw BrokenRow("the row of " + whose + " is broken: not hex where bytes belong");
  return std::move(*bytes);
}

KeyColumn::KeyColumn(const Secret& key) : text(to_hex(key.reveal())) {}

Secret KeyColumn::key(const std::string& whose) const {
  std::string bytes = bytes_from(text, whose);
  Secret key(bytes);
  wipe(bytes.data(), bytes.size());
  return key;
}

}  // namespace edge::store
