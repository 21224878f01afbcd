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

std::span<const std::byte> VerifyRows::expected(const ExpectedNonces& right, const PlotRow& row) {
  const auto scoops = [&](uint64_t number) {
    return right.scoops + scoop_offset(right.span.count, number, row.first);
  };
  const uint64_t size = row.bytes.size();
  if (!right.name.is_poc1()) return {scoops(row.scoop), size};
  poc1_row_.assign(scoops(row.scoop), scoops(row.scoop) + size);
  take_second_halves(poc1_row_.data(), scoops(mirror_scoop(row.scoop)), row.scoops());
  return poc1_row_;
}

Result<std::vector<bool>> VerifyRows::find_bad(PlotReader& reader, const ExpectedNonces& right,
                                               const Cancel& cancel) {
  std::vector<bool> bad(right.span.count);
  const auto compare = [&](const PlotRow& row) -> Status {
    const std::span<const std::byte> wanted = expected(right, row);
    if (same_row(row, wanted)) return {};
    for (uint64_t i = 0; i < row.scoops(); i++)
      if (!same_scoop(row, wanted, i)) bad[row.first + i] = true;
    return {};
  };
  QUARRY_TRY(rows_.each(reader, PlotLayout(right.name), right.span, cancel, compare));
  return bad;
}

Status VerifyRows::repair(PlotReader& reader, const ExpectedNonces& right, File& target,
                          const Cancel& cancel) {
  const auto write = [&](const PlotRow& row) -> Status {
    const std::span<const std::byte> wanted = expected(right, row);
    if (same_row(row, wanted)) return {};
    for (uint64_t i = 0; i < row.scoops();) {
      uint64_t end = i;
      while (end < row.scoops() && !same_scoop(row, wanted, end)) end++;
      if (end > i)
        QUARRY_TRY(target.write_at(row.offset + i * kScoopBytes,
                                   wanted.subspan(i * kScoopBytes, (end - i) * kScoopBytes)));
      i = end + 1;
    }
    return {};
  };
  QUARRY_TRY(rows_.each(reader, PlotLayout(right.name), right.span, cancel, write));
  return target.sync();
}

}  // namespace quarry
