// Bytes as hexadecimal text.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace quarry {

// Two lower-case digits per byte.
std::string format_hex(std::span<const std::byte> bytes);

// Digits of either case, an even number of them, nothing else. kInvalidArgument.
Result<std::vector<std::byte>> parse_hex(std::string_view text);

}  // namespace quarry
