// Reading JSON that a stranger wrote: every access may fail, and says where.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace quarry {

// The library copies, compares and writes values by recursion: what is nested
// without end would overflow the stack.
inline constexpr size_t kMostJsonDepth = 64;

// `text` as JSON. kCorrupt, naming `source`, if it is none, or if arrays and objects
// are nested deeper than kMostJsonDepth.
Result<nlohmann::json> parse_json(std::string_view text, std::string_view source);

// The member `name` of `object`. kCorrupt, naming it, if `object` is no object,
// has no such member, or the value is of another kind or out of range.
//
// Numbers may be written as JSON integers or as decimal text: nodes and pools do
// either, and numbers above 2^53 must be text. Negative integers that stand for
// unsigned ones (Java's longs) are refused.
Result<uint64_t> read_u64(const nlohmann::json& object, const char* name);
Result<int64_t> read_i64(const nlohmann::json& object, const char* name);
Result<uint32_t> read_u32(const nlohmann::json& object, const char* name);
Result<int32_t> read_i32(const nlohmann::json& object, const char* name);
Result<std::string> read_text(const nlohmann::json& object, const char* name);
Result<bool> read_bool(const nlohmann::json& object, const char* name);

// Hexadecimal text of any length, or of `size_bytes` bytes.
Result<Bytes> read_hex(const nlohmann::json& object, const char* name);
Result<Bytes> read_hex(const nlohmann::json& object, const char* name, size_t size_bytes);
template <size_t kSize>
Result<ByteArray<kSize>> read_hex_array(const nlohmann::json& object, const char* name) {
  QUARRY_ASSIGN(const Bytes bytes, read_hex(object, name, kSize));
  ByteArray<kSize> value;
  std::copy(bytes.begin(), bytes.end(), value.begin());
  return value;
}

// The array `name`, of at most `most` elements. Lives as long as `object`.
Result<const nlohmann::json*> read_array(const nlohmann::json& object, const char* name,
                                         size_t most);

// True if `object` is an object with a member `name` that is not null.
bool has_member(const nlohmann::json& object, const char* name);

}  // namespace quarry
