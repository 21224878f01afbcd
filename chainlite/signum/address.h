// Account addresses of Signum and Burst: Reed-Solomon code over GF(32).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace quarry::signum {

// "S-2222-2222-2222-22222" form of an account id, with the given prefix ("S",
// "TS", "BURST"); an empty prefix gives no prefix and no dash.
std::string format_address(uint64_t account_id, std::string_view prefix = "S");

// Account id of an address, with or without a known prefix (S, TS, BURST, BURSTR
// and others of letters only), dashes optional, any case, followed or not by the
// extended public key part. kInvalidArgument if a character or the check symbols
// are wrong; the message says which.
Result<uint64_t> parse_address(std::string_view address);

// Account id written either way: unsigned decimal, or an address. This is what
// every command line flag that takes an account uses.
Result<uint64_t> parse_account(std::string_view text);

}  // namespace quarry::signum
