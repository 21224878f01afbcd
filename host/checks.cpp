#include "host/checks.h"

#include <string>

namespace quarry {
namespace {

Status does_not_fit(const Buffer& buffer, std::string_view action, const std::string& what) {
  return {Code::kInvalidArgument, std::string(action) + " of " + what +
                                      " does not fit a buffer of " +
                                      std::to_string(buffer.size_bytes()) + " bytes"};
}

}  // namespace

Status check_range(const Buffer& buffer, uint64_t offset, uint64_t size_bytes,
                   std::string_view action) {
  if (offset <= buffer.size_bytes() && size_bytes <= buffer.size_bytes() - offset) return {};
  return does_not_fit(buffer, action,
                      std::to_string(size_bytes) + " bytes at " + std::to_string(offset));
}

Status check_rows(const Buffer& buffer, const Rows& rows) {
  if (rows.rows == 0 || rows.row_bytes == 0) return {};
  if (rows.rows > 1 && (rows.buffer_pitch < rows.row_bytes || rows.host_pitch < rows.row_bytes))
    return {Code::kInvalidArgument,
            "read of rows of " + std::to_string(rows.row_bytes) + " bytes that overlap"};
  const uint64_t size = buffer.size_bytes();
  const bool fits =
      rows.buffer_offset <= size && rows.row_bytes <= size - rows.buffer_offset &&
      (rows.rows == 1 ||
       rows.rows - 1 <= (size - rows.buffer_offset - rows.row_bytes) / rows.buffer_pitch);
  if (fits) return {};
  return does_not_fit(buffer, "read",
                      std::to_string(rows.rows) + " rows of " + std::to_string(rows.row_bytes) +
                          " bytes, " + std::to_string(rows.buffer_pitch) + " apart, at " +
                          std::to_string(rows.buffer_offset));
}

bool is_one_run(const Rows& rows) {
  return rows.rows == 1 ||
         (rows.buffer_pitch == rows.row_bytes && rows.host_pitch == rows.row_bytes);
}

std::optional<uint64_t> host_extent(const Rows& rows) {
  uint64_t last_row = 0, extent = 0;
  if (rows.rows == 0 || rows.row_bytes == 0) return 0;
  if (__builtin_mul_overflow(rows.rows - 1, rows.host_pitch, &last_row) ||
      __builtin_add_overflow(last_row, rows.row_bytes, &extent))
    return std::nullopt;
  return extent;
}

Status check_launch(const CpuKernel& kernel, const Grid& grid,
                    std::span<const Argument> arguments) {
  if (grid.group_memory_bytes > 0 && !kernel.takes_group_memory)
    return {Code::kInvalidArgument,
            "kernel " + std::string(kernel.name) + " takes no group memory"};
  if (arguments.size() != kernel.argument_count)
    return {Code::kInvalidArgument, "kernel " + std::string(kernel.name) + " takes " +
                                        std::to_string(kernel.argument_count) + " arguments, not " +
                                        std::to_string(arguments.size())};
  for (size_t i = 0; i < arguments.size(); i++) {
    const CpuKernelArgument& wanted = kernel.arguments[i];
    const bool is_buffer = arguments[i].buffer() != nullptr;
    if (is_buffer != wanted.is_buffer || (!is_buffer && arguments[i].size() != wanted.size_bytes))
      return {Code::kInvalidArgument, "argument " + std::to_string(i) + " of kernel " +
                                          std::string(kernel.name) + " has the wrong type"};
  }
  return {};
}

Status check_group_memory(std::string_view kernel, const Grid& grid, uint64_t most) {
  if (grid.group_memory_bytes <= most) return {};
  return {Code::kInvalidArgument, "kernel " + std::string(kernel) + ": a group has at most " +
                                      std::to_string(most) + " bytes of memory, not " +
                                      std::to_string(grid.group_memory_bytes)};
}

std::span<const CpuKernel> kernel_signatures() {
  const CpuKernelSet& scalar = *kCpuKernelSets[0];
  return {scalar.kernels, scalar.kernel_count};
}

Result<uint32_t> count_groups(std::string_view kernel, uint32_t items, uint32_t group_size) {
  QUARRY_CHECK(group_size > 0);
  if (items > UINT32_MAX - group_size)
    return Status(Code::kInvalidArgument, "kernel " + std::string(kernel) + ": " +
                                              std::to_string(items) +
                                              " work items are too many for one launch");
  return (items + group_size - 1) / group_size;
}

}  // namespace quarry
