#include "base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace quarry {
namespace {

constexpr std::string_view kPrefixes = "kmgtp";

Status no_size(std::string_view text) {
  return {Code::kInvalidArgument,
          "\"" + std::string(text.substr(0, 40)) +
              "\" is not a size; write a number of bytes, or one with K, M, G, T (powers of 1000) "
              "or KiB, MiB, GiB, TiB (powers of 1024)"};
}

// Factor of a unit; 0: there is no such unit.
uint64_t unit_factor(std::string_view unit) {
  std::string lower;
  for (const char c : unit) lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (lower.empty() || lower == "b") return 1;
  const size_t power = kPrefixes.find(lower[0]);
  if (power == kPrefixes.npos) return 0;
  const std::string_view rest = std::string_view(lower).substr(1);
  uint64_t base = 0;
  if (rest.empty() || rest == "b") base = 1000;
  if (rest == "i" || rest == "ib") base = 1024;
  uint64_t factor = base;
  for (size_t i = 0; i < power; i++) factor *= base;
  return factor;
}

}  // namespace

Result<uint64_t> parse_u64(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range)
    return Status(Code::kInvalidArgument,
                  "\"" + std::string(text.substr(0, 40)) + "\" is larger than 2^64 - 1");
  if (error != std::errc() || end != text.data() + text.size())
    return Status(Code::kInvalidArgument,
                  "\"" + std::string(text.substr(0, 40)) + "\" is not an unsigned whole number");
  return value;
}

Result<uint64_t> parse_size(std::string_view text) {
  // Whole part and fraction apart, so that every u64 is exact.
  uint64_t whole = 0, fraction = 0, scale = 1;
  size_t i = 0;
  const auto digit = [&] { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  if (!digit()) return no_size(text);
  for (; digit(); i++)
    if (__builtin_mul_overflow(whole, 10, &whole) ||
        __builtin_add_overflow(whole, static_cast<uint64_t>(text[i] - '0'), &whole))
      return no_size(text);
  if (i < text.size() && text[i] == '.') {
    i++;
    if (!digit()) return no_size(text);
    for (; digit(); i++) {
      if (scale >= 1'000'000'000) continue;  // finer than any unit needs
      fraction = fraction * 10 + static_cast<uint64_t>(text[i] - '0');
      scale *= 10;
    }
  }
  while (i < text.size() && text[i] == ' ') i++;
  const uint64_t factor = unit_factor(text.substr(i));
  uint64_t bytes = 0;
  if (factor == 0 || __builtin_mul_overflow(whole, factor, &bytes)) return no_size(text);
  const auto part =
      static_cast<uint64_t>(static_cast<unsigned __int128>(factor) * fraction / scale);
  if (__builtin_add_overflow(bytes, part, &bytes)) return no_size(text);
  return bytes;
}

std::string format_bytes(uint64_t bytes) {
  constexpr std::array<const char*, 7> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  size_t unit = 0;
  auto value = static_cast<double>(bytes);
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    unit++;
  }
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text.data();
}

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e11) return "-";
  const auto total = static_cast<uint64_t>(seconds + 0.5);
  const uint64_t s = total % 60, m = total / 60 % 60, h = total / 3600 % 24, d = total / 86400;
  std::array<char, 40> text;
  if (d > 0)
    std::snprintf(text.data(), text.size(), "%llud %02lluh", static_cast<unsigned long long>(d),
                  static_cast<unsigned long long>(h));
  else if (h > 0)
    std::snprintf(text.data(), text.size(), "%lluh %02llum", static_cast<unsigned long long>(h),
                  static_cast<unsigned long long>(m));
  else if (total >= 100)
    std::snprintf(text.data(), text.size(), "%llum %02llus", static_cast<unsigned long long>(m),
                  static_cast<unsigned long long>(s));
  else
    std::snprintf(text.data(), text.size(), "%llu s", static_cast<unsigned long long>(total));
  return text.data();
}

}  // namespace quarry
