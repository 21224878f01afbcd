// UTF-8 (RFC 3629).
#pragma once

#include <cstddef>
#include <span>

namespace quarry {

// True if the bytes are well-formed UTF-8: no overlong forms, no surrogates,
// nothing above U+10FFFF.
bool is_utf8(std::span<const std::byte> bytes);

}  // namespace quarry
