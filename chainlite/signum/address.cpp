#include "chainlite/signum/address.h"

#include <algorithm>
#include <array>

#include "base/units.h"

namespace quarry::signum {
namespace {

constexpr std::string_view kAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";  // no 0 1 I O
constexpr size_t kDataSymbols = 13;
constexpr size_t kSymbols = 17;
// Where symbol i of the text stands in the code word.
constexpr std::array<size_t, kSymbols> kPlaces = {3,  2,  1,  0,  7, 6, 5,  4, 13,
                                                  14, 15, 16, 12, 8, 9, 10, 11};
constexpr std::array<size_t, 4> kGroups = {4, 4, 4, 5};

using CodeWord = std::array<uint8_t, kSymbols>;

// Product in GF(32) with polynomial x^5 + x^2 + 1.
constexpr uint8_t multiply(uint8_t a, uint8_t b) {
  unsigned product = 0;
  for (int bit = 0; bit < 5; bit++)
    if (b >> bit & 1) product ^= static_cast<unsigned>(a) << bit;
  for (int bit = 9; bit >= 5; bit--)
    if (product >> bit & 1) product ^= 0b100101u << (bit - 5);
  return static_cast<uint8_t>(product);
}

// Check symbols of the first 13 symbols, by division by the generator polynomial.
std::array<uint8_t, 4> check_symbols(const CodeWord& word) {
  std::array<uint8_t, 4> p{};
  for (size_t i = kDataSymbols; i-- > 0;) {
    const auto feedback = static_cast<uint8_t>(word[i] ^ p[3]);
    p[3] = p[2] ^ multiply(30, feedback);
    p[2] = p[1] ^ multiply(6, feedback);
    p[1] = p[0] ^ multiply(9, feedback);
    p[0] = multiply(17, feedback);
  }
  return p;
}

Status refuse(std::string_view address, std::string_view why) {
  return {Code::kInvalidArgument, "\"" + std::string(address.substr(0, 60)) +
                                      "\" is not an account address: " + std::string(why)};
}

bool is_letters(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  });
}

// Drops "S-" and the like in front, and "-PUBLICKEY" behind the 17 symbols.
std::string_view without_prefix(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == text.npos || !is_letters(text.substr(0, dash))) return text;
  // Letters alone may also be the first group of an address without a prefix:
  // then its 17 symbols and 3 dashes end the text, or the public key follows.
  constexpr size_t kGrouped = kSymbols + kGroups.size() - 1;
  if (dash == kGroups[0] && text.size() >= kGrouped &&
      (text.size() == kGrouped || text[kGrouped] == '-'))
    return text;
  return text.substr(dash + 1);
}

}  // namespace

std::string format_address(uint64_t account_id, std::string_view prefix) {
  CodeWord word{};
  for (size_t i = 0; i < kDataSymbols; i++) {
    word[i] = account_id & 31;
    account_id >>= 5;
  }
  const std::array<uint8_t, 4> check = check_symbols(word);
  std::copy(check.begin(), check.end(), word.begin() + kDataSymbols);
  std::string text;
  if (!prefix.empty()) text.append(prefix).append("-");
  size_t next = 0;
  for (size_t group = 0; group < kGroups.size(); group++) {
    if (group > 0) text += '-';
    for (size_t i = 0; i < kGroups[group]; i++) text += kAlphabet[word[kPlaces[next++]]];
  }
  return text;
}

Result<uint64_t> parse_address(std::string_view address) {
  CodeWord word{};
  size_t count = 0;
  std::string_view rest = without_prefix(address);
  for (; !rest.empty() && count < kSymbols; rest.remove_prefix(1)) {
    char c = rest.front();
    if (c == '-') continue;
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    const size_t symbol = kAlphabet.find(c);
    if (symbol == kAlphabet.npos)
      return refuse(address, std::string("it cannot contain the character '") + rest.front() + "'");
    word[kPlaces[count++]] = static_cast<uint8_t>(symbol);
  }
  if (count < kSymbols)
    return refuse(address, "it has " + std::to_string(count) + " symbols of 17");
  if (!rest.empty()) {
    // Extended form: a dash and the public key in base 36.
    const std::string_view key = rest.substr(1);
    const bool is_key =
        rest.front() == '-' && !key.empty() && key.size() <= 50 &&
        std::all_of(key.begin(), key.end(), [](char c) {
          return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        });
    if (!is_key) return refuse(address, "it has more than 17 symbols");
  }
  const std::array<uint8_t, 4> check = check_symbols(word);
  if (!std::equal(check.begin(), check.end(), word.begin() + kDataSymbols))
    return refuse(address,
                  "its check symbols do not fit, so a character is wrong or two are "
                  "exchanged");
  // 13 symbols are 65 bits.
  if (word[kDataSymbols - 1] >= 16) return refuse(address, "its number is larger than 2^64 - 1");
  uint64_t id = 0;
  for (size_t i = kDataSymbols; i-- > 0;) id = id << 5 | word[i];
  return id;
}

Result<uint64_t> parse_account(std::string_view text) {
  const bool digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                   [](char c) { return c >= '0' && c <= '9'; });
  if (digits) return parse_u64(text);
  return parse_address(text);
}

}  // namespace quarry::signum
