// Little-endian fields of byte strings: a reader that cannot run past the end of
// what a stranger sent, and its counterpart that writes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/status.h"

namespace quarry {

using Bytes = std::vector<std::byte>;
template <size_t kSize>
using ByteArray = std::array<std::byte, kSize>;

// The bytes of a text, as they are.
inline std::span<const std::byte> text_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// The integer that the first bytes of `bytes` hold, little or big end first.
// `bytes` must be long enough.
template <class Integer>
Integer load_le(std::span<const std::byte> bytes) {
  QUARRY_CHECK(bytes.size() >= sizeof(Integer));
  std::make_unsigned_t<Integer> value = 0;
  for (size_t i = 0; i < sizeof value; i++)
    value = static_cast<decltype(value)>(
        value | static_cast<std::make_unsigned_t<Integer>>(bytes[i]) << (8 * i));
  return static_cast<Integer>(value);
}

template <class Integer>
ByteArray<sizeof(Integer)> bytes_le(Integer value) {
  ByteArray<sizeof(Integer)> bytes;
  for (size_t i = 0; i < sizeof value; i++)
    bytes[i] =
        static_cast<std::byte>(static_cast<std::make_unsigned_t<Integer>>(value) >> (8 * i) & 0xFF);
  return bytes;
}

template <class Integer>
ByteArray<sizeof(Integer)> bytes_be(Integer value) {
  auto bytes = bytes_le(value);
  std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

// Reads fields one after the other. A read past the end gives zeros and is
// remembered: a parser reads all its fields and asks ok() before it believes or
// allocates anything.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <class Integer>
  Integer integer() {
    return load_le<Integer>(array<sizeof(Integer)>());
  }

  template <size_t kSize>
  ByteArray<kSize> array() {
    ByteArray<kSize> value{};
    const auto source = take(kSize);
    if (!source.empty()) std::memcpy(value.data(), source.data(), kSize);
    return value;
  }

  // The next `count` bytes, of the span that the reader was given; empty if there
  // are not so many.
  std::span<const std::byte> take(size_t count) {
    if (count > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const auto part = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return part;
  }

  size_t left() const { return bytes_.size(); }
  bool ok() const { return ok_; }

 private:
  std::span<const std::byte> bytes_;
  bool ok_ = true;
};

// Appends fields.
class ByteWriter {
 public:
  template <class Integer>
  void integer(Integer value) {
    bytes(bytes_le(value));
  }
  void bytes(std::span<const std::byte> part) {
    bytes_.insert(bytes_.end(), part.begin(), part.end());
  }
  const Bytes& result() const { return bytes_; }
  Bytes take() && { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

}  // namespace quarry
