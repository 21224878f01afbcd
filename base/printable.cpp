#include "base/printable.h"

#include "base/status.h"

namespace quarry {
namespace {

constexpr std::string_view kCut = "...";

char shown(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x20 || byte == 0x7F) return ' ';
  return byte < 0x80 ? c : '?';
}

}  // namespace

std::string printable(std::string_view text, size_t most_bytes) {
  QUARRY_CHECK(most_bytes >= kCut.size());
  const bool is_cut = text.size() > most_bytes;
  std::string result(text.substr(0, is_cut ? most_bytes - kCut.size() : text.size()));
  for (char& c : result) c = shown(c);
  if (is_cut) result.append(kCut);
  return result;
}

}  // namespace quarry
