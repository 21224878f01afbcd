// URLs and form data (RFC 3986, and "application/x-www-form-urlencoded" of the
// HTML standard), read as what a stranger wrote. Pure functions: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace quarry {

// Everything but A-Z a-z 0-9 "-" "." "_" "~" becomes %XX: fit for any part of a URL.
std::string percent_encode(std::string_view text);

// Undoes it. kInvalidArgument if a "%" is not followed by two hexadecimal digits.
// The result may hold any bytes: zeros, controls, what is no UTF-8.
Result<std::string> percent_decode(std::string_view text);

struct Parameter {
  std::string name;
  std::string value;
  bool operator==(const Parameter&) const = default;
};

// "a=1&b=x+y%21" in its order; "+" is a space; "a" without "=" has an empty value,
// and empty parts are left out. kInvalidArgument for more than `most` parameters,
// or a wrong "%".
Result<std::vector<Parameter>> parse_query(std::string_view query, size_t most);

// The counterpart, for a query or a form's body.
std::string format_query(const std::vector<Parameter>& parameters);

// The first parameter of this name, or nullptr. Lives as long as `parameters`.
const std::string* find_parameter(const std::vector<Parameter>& parameters, std::string_view name);

struct HostAndPort {
  std::string host;  // lower case; an IPv6 address without its brackets
  uint16_t port = 0;
};

// "pool.example:8080", "127.0.0.1", "[::1]:80"; what a Host header holds. Without a
// port it is `default_port`. kInvalidArgument: user names, an empty host, letters
// that no host name has, numbers that some programs take for an IPv4 address though
// they are not written as one ("127.1", "0x7f000001"), and port 0.
Result<HostAndPort> parse_host_and_port(std::string_view text, uint16_t default_port);

struct Url {
  std::string scheme;  // "http" or "https"
  HostAndPort host;    // with the scheme's port, where none is written
  std::string path;    // from "/" on, still percent-encoded; never empty
  std::string query;   // after "?", still encoded
};

// An absolute http or https URL of at most 16 KiB. A fragment is left out.
// kInvalidArgument where it is none, where it holds spaces or controls, and where
// it holds a user name: URLs end up in logs. Messages never quote the URL, which may
// hold secrets.
Result<Url> parse_url(std::string_view text);

// The counterpart; every program reads it alike.
std::string format_url(const Url& url);

// "host:port", with brackets around an IPv6 address.
std::string format_host_and_port(const HostAndPort& host);

// True if `host`, without brackets and port, can only be this machine: "localhost",
// 127.0.0.0/8, ::1, and ::ffff:127.0.0.0/104. False for all other spellings and for
// names that only begin like it.
bool is_loopback_host(std::string_view host);

}  // namespace quarry
