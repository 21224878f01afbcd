#include "base/json.h"

#include <charconv>
#include <concepts>
#include <limits>
#include <utility>

#include "base/hex.h"

namespace quarry {
namespace {

using nlohmann::json;

Status wrong(const char* name, const std::string& what) {
  return Status(Code::kCorrupt, std::string("JSON member \"") + name + "\" " + what);
}

Result<const json*> find(const json& object, const char* name) {
  if (!object.is_object())
    return Status(Code::kCorrupt, std::string("no JSON object to hold \"") + name + "\"");
  const auto member = object.find(name);
  if (member == object.end()) return wrong(name, "is missing");
  return &*member;
}

template <std::integral Integer>
Result<Integer> read_integer(const json& object, const char* name) {
  QUARRY_ASSIGN(const json* value, find(object, name));
  Integer number = 0;
  if (value->is_number_unsigned()) {
    const auto wide = value->get<uint64_t>();
    if (std::in_range<Integer>(wide)) return static_cast<Integer>(wide);
  } else if (value->is_number_integer()) {
    const auto wide = value->get<int64_t>();
    if (std::in_range<Integer>(wide)) return static_cast<Integer>(wide);
  } else if (value->is_string()) {
    const auto& text = value->get_ref<const std::string&>();
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc() && stop == end) return number;
  }
  return wrong(name, "is no integer from " + std::to_string(std::numeric_limits<Integer>::min()) +
                         " to " + std::to_string(std::numeric_limits<Integer>::max()));
}

// Whether arrays and objects are nested deeper than kMostJsonDepth. Of text that is
// not JSON it says anything.
bool is_too_deep(std::string_view text) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); i++) {
    const char c = text[i];
    if (in_string && c == '\\') {
      i++;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && (c == '[' || c == '{')) {
      if (++depth > kMostJsonDepth) return true;
    } else if (!in_string && (c == ']' || c == '}') && depth > 0) {
      depth--;
    }
  }
  return false;
}

}  // namespace

Result<json> parse_json(std::string_view text, std::string_view source) {
  if (is_too_deep(text))
    return Status(Code::kCorrupt, std::string(source) + " is JSON nested deeper than " +
                                      std::to_string(kMostJsonDepth) + " levels");
  auto value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return Status(Code::kCorrupt, std::string(source) + " is not JSON");
  return value;
}

Result<uint64_t> read_u64(const json& object, const char* name) {
  return read_integer<uint64_t>(object, name);
}

Result<int64_t> read_i64(const json& object, const char* name) {
  return read_integer<int64_t>(object, name);
}

Result<uint32_t> read_u32(const json& object, const char* name) {
  return read_integer<uint32_t>(object, name);
}

Result<int32_t> read_i32(const json& object, const char* name) {
  return read_integer<int32_t>(object, name);
}

Result<std::string> read_text(const json& object, const char* name) {
  QUARRY_ASSIGN(const json* value, find(object, name));
  if (!value->is_string()) return wrong(name, "is no text");
  return value->get<std::string>();
}

Result<bool> read_bool(const json& object, const char* name) {
  QUARRY_ASSIGN(const json* value, find(object, name));
  if (!value->is_boolean()) return wrong(name, "is neither true nor false");
  return value->get<bool>();
}

Result<Bytes> read_hex(const json& object, const char* name) {
  QUARRY_ASSIGN(const json* value, find(object, name));
  if (!value->is_string()) return wrong(name, "is no text");
  auto bytes = parse_hex(value->get_ref<const std::string&>());
  if (!bytes.ok()) return wrong(name, "is no hexadecimal text");
  return bytes;
}

Result<Bytes> read_hex(const json& object, const char* name, size_t size_bytes) {
  QUARRY_ASSIGN(Bytes bytes, read_hex(object, name));
  if (bytes.size() != size_bytes)
    return wrong(name, "has " + std::to_string(bytes.size()) + " bytes instead of " +
                           std::to_string(size_bytes));
  return bytes;
}

Result<const json*> read_array(const json& object, const char* name, size_t most) {
  QUARRY_ASSIGN(const json* value, find(object, name));
  if (!value->is_array()) return wrong(name, "is no array");
  if (value->size() > most)
    return wrong(name, "has " + std::to_string(value->size()) + " elements; at most " +
                           std::to_string(most) + " are allowed");
  return value;
}

bool has_member(const json& object, const char* name) {
  if (!object.is_object()) return false;
  const auto member = object.find(name);
  return member != object.end() && !member->is_null();
}

}  // namespace quarry
