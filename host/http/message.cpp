#include "host/http/message.h"

#include <algorithm>

namespace quarry {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_letter(char a, char b) { return lower(a) == lower(b); }

// RFC 9110, 5.6.2.
bool is_token_letter(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
         kMarks.find(c) != std::string_view::npos;
}

bool is_value_letter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= ' ' && byte != 0x7F);
}

}  // namespace

const std::string* find_header(const std::vector<HttpHeader>& headers, std::string_view name) {
  for (const HttpHeader& header : headers)
    if (equal_ignoring_case(header.name, name)) return &header.value;
  return nullptr;
}

bool is_sendable(const HttpHeader& header) {
  return !header.name.empty() &&
         std::all_of(header.name.begin(), header.name.end(), is_token_letter) &&
         std::all_of(header.value.begin(), header.value.end(), is_value_letter);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_letter);
}

bool contains_ignoring_case(std::string_view text, std::string_view words) {
  return std::search(text.begin(), text.end(), words.begin(), words.end(), same_letter) !=
             text.end() ||
         words.empty();
}

}  // namespace quarry
