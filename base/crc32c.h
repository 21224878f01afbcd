// CRC-32C (Castagnoli; RFC 3720, appendix B.4): guards small records on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace quarry {

// CRC of `data`, going on from the CRC of what came before (0: nothing).
uint32_t crc32c(std::span<const std::byte> data, uint32_t before = 0);

}  // namespace quarry
