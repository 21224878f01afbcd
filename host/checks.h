// What every backend checks before it asks its driver, so that a mistake gets
// the same answer on every device. Used by the backends only.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/status.h"
#include "host/cpu/kernel_set.h"
#include "host/device.h"

namespace quarry {

// kInvalidArgument if [offset, offset + size_bytes) is not inside `buffer`.
// `action` is "read" or "write", for the message.
Status check_range(const Buffer& buffer, uint64_t offset, uint64_t size_bytes,
                   std::string_view action);

// kInvalidArgument if a row is not inside `buffer`, or rows overlap in the
// buffer or in host memory.
Status check_rows(const Buffer& buffer, const Rows& rows);

// True if the rows are one run of bytes on both sides.
bool is_one_run(const Rows& rows);

// Bytes of host memory from the begin of the first row to the end of the last;
// empty if 64 bits do not hold them.
std::optional<uint64_t> host_extent(const Rows& rows);

// kInvalidArgument if number or types of the arguments are not those of the
// kernel, or the grid has group memory and the kernel takes none.
Status check_launch(const CpuKernel& kernel, const Grid& grid, std::span<const Argument> arguments);

// kInvalidArgument if a group is to have more than `most` bytes of memory.
Status check_group_memory(std::string_view kernel, const Grid& grid, uint64_t most);

// The kernels of every build, whose names and parameters all backends share:
// those of the scalar kernel set, which has them all.
std::span<const CpuKernel> kernel_signatures();

// The number of groups for `items` work items; kInvalidArgument if the item
// numbers of the last group would not fit 32 bits.
Result<uint32_t> count_groups(std::string_view kernel, uint32_t items, uint32_t group_size);

}  // namespace quarry
