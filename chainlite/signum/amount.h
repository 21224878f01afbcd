// Amounts as people write them: coins with a decimal point.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace quarry::signum {

// "1.5", "0.00000001", "12": planck, exactly; at most 8 decimals, no sign, no
// exponent, and no more than all coins that exist. kInvalidArgument.
Result<uint64_t> parse_coins(std::string_view text);

// "1.5" of 150,000,000 planck: no more decimals than it needs.
std::string format_coins(uint64_t planck);

}  // namespace quarry::signum
