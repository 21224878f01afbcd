// Bytes as hexadecimal text.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace quarry {

// Lower case, two digits per byte.
std::string to_hex(std::span<const std::byte> bytes);

// Either case, nothing but digits. kInvalidArgument: an odd number of digits, or
// another character; the message says which and where.
Result<std::vector<std::byte>> from_hex(std::string_view text);

// Fills `target` exactly. kInvalidArgument also if the text is of another length.
Status from_hex(std::string_view text, std::span<std::byte> target);

}  // namespace quarry
