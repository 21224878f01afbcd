#include "host/http/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

#include "base/units.h"

namespace quarry {
namespace {

constexpr size_t kMostUrlBytes = size_t{16} << 10;
constexpr size_t kMostHostBytes = 253;  // RFC 1035, without the last dot
constexpr std::string_view kHexDigits = "0123456789ABCDEF";

// The C library's ask the locale.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower(c);
  return result;
}

bool is_unreserved(char c) {
  return is_digit(c) || is_letter(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char small = lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

Status wrong(std::string what) { return {Code::kInvalidArgument, std::move(what)}; }

Result<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '%') {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return wrong("a % is not followed by two hexadecimal digits");
      result.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      result.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return result;
}

// What is before the first `mark`; `text` becomes what is behind it.
std::string_view cut(std::string_view& text, char mark) {
  const size_t at = text.find(mark);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

// inet_pton() reads only the one usual spelling, and stops at a zero byte.
template <int kFamily, class Address>
bool read_address(const std::string& text, Address& address) {
  return text.find('\0') == std::string::npos && inet_pton(kFamily, text.c_str(), &address) == 1;
}

// Old functions of C libraries read such names as IPv4 addresses.
bool ends_in_number(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  const size_t dot = host.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? host : host.substr(dot + 1);
  if (std::all_of(last.begin(), last.end(), is_digit)) return true;
  return last.starts_with("0x") &&
         std::all_of(last.begin() + 2, last.end(), [](char c) { return hex_value(c) >= 0; });
}

bool is_host_name(const std::string& host) {
  if (host.empty() || host.size() > kMostHostBytes) return false;
  if (host.front() == '.' || host.find("..") != std::string::npos) return false;
  for (const char c : host)
    if (!is_digit(c) && !is_letter(c) && c != '-' && c != '.' && c != '_') return false;
  in_addr ignored;
  return read_address<AF_INET>(host, ignored) || !ends_in_number(host);
}

}  // namespace

std::string percent_encode(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_unreserved(c))
      result.push_back(c);
    else
      result.append({'%', kHexDigits[byte >> 4], kHexDigits[byte & 15]});
  }
  return result;
}

Result<std::string> percent_decode(std::string_view text) { return decode(text, false); }

Result<std::vector<Parameter>> parse_query(std::string_view query, size_t most) {
  std::vector<Parameter> parameters;
  while (!query.empty()) {
    std::string_view part = cut(query, '&');
    if (part.empty()) continue;
    if (parameters.size() == most)
      return wrong("there are more than " + std::to_string(most) + " parameters");
    QUARRY_ASSIGN(std::string name, decode(cut(part, '='), true));
    QUARRY_ASSIGN(std::string value, decode(part, true));
    parameters.push_back({std::move(name), std::move(value)});
  }
  return parameters;
}

std::string format_query(const std::vector<Parameter>& parameters) {
  std::string query;
  for (const Parameter& parameter : parameters) {
    if (!query.empty()) query.push_back('&');
    query.append(percent_encode(parameter.name)).append("=");
    query.append(percent_encode(parameter.value));
  }
  return query;
}

const std::string* find_parameter(const std::vector<Parameter>& parameters, std::string_view name) {
  for (const Parameter& parameter : parameters)
    if (parameter.name == name) return &parameter.value;
  return nullptr;
}

Result<HostAndPort> parse_host_and_port(std::string_view text, uint16_t default_port) {
  HostAndPort result{.host = {}, .port = default_port};
  if (text.find('@') != std::string_view::npos)
    return wrong("a user name or password stands before the host; leave it out");
  const bool bracketed = text.starts_with('[');
  const size_t end = bracketed ? text.find(']') : text.find(':');
  if (bracketed && end == std::string_view::npos) return wrong("the host lacks its closing ]");
  result.host = lower(bracketed ? text.substr(1, end - 1) : text.substr(0, end));
  in6_addr ignored;
  if (bracketed ? !read_address<AF_INET6>(result.host, ignored) : !is_host_name(result.host))
    return wrong("the host is neither a name nor an IP address; IPv6 addresses need [ and ]");
  std::string_view rest = end == std::string_view::npos ? "" : text.substr(end + bracketed);
  if (rest.empty()) return result;
  const auto port = parse_u64(rest.substr(1));
  if (rest[0] != ':' || !port.ok() || *port == 0 || *port > UINT16_MAX)
    return wrong("the port after the host must be a number from 1 to 65535");
  result.port = static_cast<uint16_t>(*port);
  return result;
}

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kMostUrlBytes) return wrong("the URL is longer than 16 KiB");
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7F' || c == '\\')
      return wrong("the URL holds a space, a control or a backslash; write them as %XX");
  Url url;
  const size_t colon = text.find("://");
  if (colon != std::string_view::npos) url.scheme = lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https")
    return wrong("the URL must begin with http:// or https://");
  text.remove_prefix(colon + 3);
  text = cut(text, '#');
  const size_t end = text.find_first_of("/?");
  const uint16_t default_port = url.scheme == "http" ? 80 : 443;
  QUARRY_ASSIGN(url.host, parse_host_and_port(text.substr(0, end), default_port));
  text.remove_prefix(std::min(end, text.size()));
  url.path = cut(text, '?');
  if (url.path.empty()) url.path = "/";
  url.query = text;
  return url;
}

std::string format_host_and_port(const HostAndPort& host) {
  const bool is_v6 = host.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host.host + "]" : host.host) + ":" + std::to_string(host.port);
}

std::string format_url(const Url& url) {
  std::string text = url.scheme + "://" + format_host_and_port(url.host) + url.path;
  if (!url.query.empty()) text.append("?").append(url.query);
  return text;
}

bool is_loopback_host(std::string_view host) {
  const std::string text = lower(host);
  if (text == "localhost") return true;
  in_addr v4;
  if (read_address<AF_INET>(text, v4)) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6;
  if (!read_address<AF_INET6>(text, v6)) return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

}  // namespace quarry
