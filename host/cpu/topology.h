// Which cores this process may use, and how to stay on them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/status.h"

namespace quarry {

// Hardware threads that this process may use: its affinity mask, and no more
// than its cgroup's CPU quota rounded up. At least 1.
uint32_t usable_cpu_count();

// "AMD Ryzen 9 9950X", or the architecture where the system does not say.
std::string cpu_model_name();

// Keeps the calling thread on usable hardware thread `index`, modulo their
// number, one per core before the second ones of each core. What it touches
// first then comes from its own NUMA node. kUnsupported where the system cannot.
Status pin_this_thread(uint32_t index);

// Spreads pages of `memory` that were not touched yet over all NUMA nodes.
// Does nothing where there is one node.
void interleave_over_nodes(std::span<std::byte> memory);

// Total memory of the machine (or of the cgroup, if less), in bytes.
uint64_t host_memory_bytes();

// Memory that could be taken now without swapping, in bytes.
uint64_t available_memory_bytes();

}  // namespace quarry
