#include "plotter/verify_rows.h"

#include <cstring>

#include "plotter/poc2.h"

namespace quarry {
namespace {

bool same_scoop(const PlotRow& row, std::span<const std::byte> expected, uint64_t scoop) {
  return std::memcmp(row.bytes.data() + scoop * kScoopBytes, expected.data() + scoop * kScoopBytes,
                     kScoopBytes) == 0;
}

bool same_row(const PlotRow& row, std::span<const std::byte> expected) {
  return std::memcmp(row.bytes.data(), expected.data(), expected.size()) == 0;
}

}  // namespace

std::span<const std::byte> VerifyRows::expected(const VerifyBlock& block, const PlotRow& row) {
  const auto scoops = [&](uint64_t number) {
    return block.memory.data() + scoop_offset(block.nonces, number, row.first);
  };
  const uint64_t size = row.bytes.size();
  if (!block.job->name.is_poc1()) return {scoops(row.scoop), size};
  poc1_row_.assign(scoops(row.scoop), scoops(row.scoop) + size);
  take_second_halves(poc1_row_.data(), scoops(mirror_scoop(row.scoop)), row.scoops());
  return poc1_row_;
}

Result<std::vector<bool>> VerifyRows::find_bad(PlotReader& reader, const VerifyBlock& block,
                                               const Cancel& cancel) {
  const VerifyJob& job = *block.job;
  std::vector<bool> bad(block.nonces);
  const auto compare = [&](const PlotRow& row) -> Status {
    const std::span<const std::byte> right = expected(block, row);
    if (same_row(row, right)) return {};
    for (uint64_t i = 0; i < row.scoops(); i++)
      if (!same_scoop(row, right, i)) bad[row.first + i] = true;
    return {};
  };
  QUARRY_TRY(rows_.each(reader, PlotLayout(job.name), job.spans, cancel, compare));
  return bad;
}

Status VerifyRows::repair(PlotReader& reader, const VerifyBlock& block, File& target,
                          const Cancel& cancel) {
  const VerifyJob& job = *block.job;
  const auto write = [&](const PlotRow& row) -> Status {
    const std::span<const std::byte> right = expected(block, row);
    if (same_row(row, right)) return {};
    for (uint64_t i = 0; i < row.scoops();) {
      uint64_t end = i;
      while (end < row.scoops() && !same_scoop(row, right, end)) end++;
      if (end > i)
        QUARRY_TRY(target.write_at(row.offset + i * kScoopBytes,
                                   right.subspan(i * kScoopBytes, (end - i) * kScoopBytes)));
      i = end + 1;
    }
    return {};
  };
  QUARRY_TRY(rows_.each(reader, PlotLayout(job.name), job.spans, cancel, write));
  return target.sync();
}

}  // namespace quarry
