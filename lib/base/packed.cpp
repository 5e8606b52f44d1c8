#include "base/packed.hpp"

namespace edge {
namespace {

template <class Number>
void append(std::string& bytes, Number value) {
  for (int shift = static_cast<int>(sizeof value) * 8 - 8; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(value >> shift));
  }
}

template <class Number>
Number number_of(std::string_view bytes) {
  Number value = 0;
  for (const char byte : bytes) {
    value = static_cast<Number>(value << 8 | static_cast<unsigned char>(byte));
  }
  return value;
}

}  // namespace

Packer& Packer::u8(std::uint8_t value) {
  bytes_.push_back(static_cast<char>(value));
  return *this;
}

Packer& Packer::u32(std::uint32_t value) {
  append(bytes_, value);
  return *this;
}

Packer& Packer::u64(std::uint64_t value) {
  append(bytes_, value);
  return *this;
}

Packer& Packer::text(std::string_view value) {
  return u32(static_cast<std::uint32_t>(value.size())).raw(value);
}

Packer& Packer::raw(std::string_view value) {
  bytes_.append(value);
  return *this;
}

std::string Packer::take() {
  return take_before(0);
}

std::string Packer::take_before(std::size_t more) {
  std::string length;
  append(length, static_cast<std::uint32_t>(bytes_.size() - 4 + more));
  bytes_.replace(0, 4, length);
  return std::move(bytes_);
}

std::uint32_t packed_length(std::string_view four) {
  return number_of<std::uint32_t>(four.substr(0, 4));
}

std::uint8_t Unpacker::u8() {
  return number_of<std::uint8_t>(raw(1));
}

std::uint32_t Unpacker::u32() {
  return number_of<std::uint32_t>(raw(4));
}

std::uint64_t Unpacker::u64() {
  return number_of<std::uint64_t>(raw(8));
}

std::string_view Unpacker::text() {
  return raw(u32());
}

std::string_view Unpacker::raw(std::size_t size) {
  if (!good_ || size > left_.size()) {
    good_ = false;
    return {};
  }
  const auto taken = left_.substr(0, size);
  left_.remove_prefix(size);
  return taken;
}

}  // namespace edge
