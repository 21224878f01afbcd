#include "base/hex.h"

namespace quarry {
namespace {

// Value of a digit, or -1.
int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Texts come from strangers: control characters stay out of messages and logs.
std::string printable(char c) {
  if (c > ' ' && c <= '~') return std::string("'") + c + "'";
  return "a character that cannot be printed";
}

}  // namespace

std::string to_hex(std::span<const std::byte> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    text += kDigits[static_cast<unsigned>(byte) >> 4];
    text += kDigits[static_cast<unsigned>(byte) & 15];
  }
  return text;
}

Result<std::vector<std::byte>> from_hex(std::string_view text) {
  if (text.size() % 2 != 0)
    return Status(Code::kInvalidArgument,
                  "hexadecimal text has an odd number of digits: " + std::to_string(text.size()));
  std::vector<std::byte> bytes(text.size() / 2);
  QUARRY_TRY(from_hex(text, bytes));
  return bytes;
}

Status from_hex(std::string_view text, std::span<std::byte> target) {
  if (text.size() != target.size() * 2)
    return {Code::kInvalidArgument, "expected " + std::to_string(target.size() * 2) +
                                        " hexadecimal digits, not " + std::to_string(text.size())};
  for (size_t i = 0; i < text.size(); i++) {
    const int value = digit_value(text[i]);
    if (value < 0)
      return {Code::kInvalidArgument, printable(text[i]) + " at position " + std::to_string(i + 1) +
                                          " is not a hexadecimal digit"};
    target[i / 2] =
        static_cast<std::byte>(i % 2 == 0 ? value << 4 : static_cast<int>(target[i / 2]) | value);
  }
  return {};
}

}  // namespace quarry
