// What HTTP's two ends share: headers and replies.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quarry {

struct HttpHeader {
  std::string name;
  std::string value;
};

// The value of the first header of this name, whose case does not matter, or
// nullptr. Lives as long as `headers`.
const std::string* find_header(const std::vector<HttpHeader>& headers, std::string_view name);

// True if both can be sent as they are (RFC 9110, 5.1 and 5.5). A line break in a
// value would be the begin of another header, or of another message.
bool is_sendable(const HttpHeader& header);

// True if the texts are equal but for the case of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b);

// True if `words` stands in `text`, in letters of any case.
bool contains_ignoring_case(std::string_view text, std::string_view words);

// Initialisers, so that {.body = ...} alone gives no warning.
struct HttpReply {
  int status = 200;
  std::string content_type = {};         // may be empty
  std::vector<HttpHeader> headers = {};  // all but Content-Type; of a server, without lengths
  std::string body = {};
};

}  // namespace quarry
