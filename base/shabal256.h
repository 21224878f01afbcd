// Shabal-256, plain and slow: for scoop numbers, and for checking devices.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace quarry {

std::array<std::byte, 32> shabal256(std::span<const std::byte> message);

}  // namespace quarry
