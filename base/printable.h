// Words of strangers, made fit to be shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quarry {

// `text` on one line of at most `most_bytes` (at least 3; "..." marks a cut), in
// printable ASCII: controls become spaces and other bytes "?", so that no terminal
// obeys it, and no cut makes UTF-8 that is none. Any thread.
std::string printable(std::string_view text, size_t most_bytes);

}  // namespace quarry
