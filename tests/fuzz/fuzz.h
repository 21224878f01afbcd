// What every fuzz target has: the entry point that libFuzzer and corpus_main.cpp
// call, and the words for its input. A property that fails is a QUARRY_CHECK.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "base/status.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace quarry::fuzz {

inline std::string_view as_text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline std::span<const std::byte> as_bytes(const uint8_t* data, size_t size) {
  return std::as_bytes(std::span(data, size));
}

// The little-endian number at `offset`; missing bytes are 0.
inline uint64_t number_at(const uint8_t* data, size_t size, size_t offset) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof value && offset + i < size; i++)
    value |= uint64_t{data[offset + i]} << (8 * i);
  return value;
}

// A refusal is one of `codes`, and says something of reasonable length.
inline void check_refusal(const Status& status, std::initializer_list<Code> codes) {
  bool is_expected = false;
  for (const Code code : codes) is_expected = is_expected || status.code() == code;
  QUARRY_CHECK(is_expected);
  QUARRY_CHECK(!status.message().empty() && status.message().size() < 1000);
}

}  // namespace quarry::fuzz
