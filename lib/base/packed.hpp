// Numbers and texts in the binary form of SSH's protocols (RFC 4251 section 5): big-endian, and a
// length before each text. Pure; what is unpacked is hostile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace edge {

class Packer {
 public:
  // What goes out behind a length of its own, filled in by take(): the packet's.
  explicit Packer(std::size_t expected = 64) {
    bytes_.reserve(expected + 4);
    bytes_.resize(4);
  }

  Packer& u8(std::uint8_t value);
  Packer& u32(std::uint32_t value);
  Packer& u64(std::uint64_t value);
  Packer& text(std::string_view value);
  Packer& raw(std::string_view value);
  std::string take();  // length and content; nothing may be added afterwards
  // The same of a packet whose last `more` bytes will follow by themselves.
  std::string take_before(std::size_t more);

 private:
  std::string bytes_;
};

// The length in front of a packet. REQUIRES: four bytes.
std::uint32_t packed_length(std::string_view four);

// Whatever is missing reads as zero or empty, and good() tells: one look at the end is enough.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : left_(bytes) {}

  std::uint8_t u8();
  std::uint32_t u32();
  std::uint64_t u64();
  std::string_view text();
  std::string_view raw(std::size_t size);

  bool good() const noexcept { return good_; }
  std::size_t left() const noexcept { return left_.size(); }
  bool at_end() const noexcept { return good_ && left_.empty(); }

 private:
  std::string_view left_;
  bool good_ = true;
};

}  // namespace edge
