// Numbers, sizes and times as people write and read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace quarry {

// Unsigned decimal number, all of `text`: digits only, at most 2^64 - 1.
Result<uint64_t> parse_u64(std::string_view text);

// A size in bytes: "4096", "8G", "1.5T", "512MiB". K M G T P are powers of 1000,
// KiB MiB GiB TiB PiB powers of 1024, case does not matter, "B" may follow K..P.
// Fractions are cut to whole bytes. kInvalidArgument if it is no size or >= 2^64.
Result<uint64_t> parse_size(std::string_view text);

// "3.7 GiB"
std::string format_bytes(uint64_t bytes);

// "84 s", "5m 03s", "1h 02m", "3d 04h"; "-" for what is not finite.
std::string format_duration(double seconds);

}  // namespace quarry
