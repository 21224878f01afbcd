#include "base/utf8.h"

#include <cstdint>

namespace quarry {

// The table of RFC 3629, section 4: the first byte says how many follow, and
// between which bounds the second one lies.
bool is_utf8(std::span<const std::byte> bytes) {
  size_t i = 0;
  while (i < bytes.size()) {
    const auto first = static_cast<uint8_t>(bytes[i++]);
    if (first < 0x80) continue;
    size_t follow = 0;
    uint8_t low = 0x80, high = 0xBF;
    if (first >= 0xC2 && first <= 0xDF) {
      follow = 1;
    } else if (first >= 0xE0 && first <= 0xEF) {
      follow = 2;
      if (first == 0xE0) low = 0xA0;
      if (first == 0xED) high = 0x9F;
    } else if (first >= 0xF0 && first <= 0xF4) {
      follow = 3;
      if (first == 0xF0) low = 0x90;
      if (first == 0xF4) high = 0x8F;
    } else {
      return false;
    }
    if (bytes.size() - i < follow) return false;
    for (; follow > 0; follow--, low = 0x80, high = 0xBF) {
      const auto next = static_cast<uint8_t>(bytes[i++]);
      if (next < low || next > high) return false;
    }
  }
  return true;
}

}  // namespace quarry
