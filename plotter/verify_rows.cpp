#include "plotter/verify_rows.h"

#include <algorithm>
#include <cstring>

#include "plotter/poc2.h"

namespace quarry {
namespace {

// Rows that lie one behind the other are read together, up to this size.
constexpr uint64_t kReadBytes = uint64_t{4} << 20;

bool same_scoop(const VerifyRow& row, uint64_t scoop) {
  return std::memcmp(row.found.data() + scoop * kScoopBytes,
                     row.expected.data() + scoop * kScoopBytes, kScoopBytes) == 0;
}

bool same_row(const VerifyRow& row) {
  return std::memcmp(row.found.data(), row.expected.data(), row.found.size()) == 0;
}

}  // namespace

Status VerifyRows::each(PlotReader& reader, const VerifyBlock& block, const Cancel& cancel,
                        const std::function<Status(const VerifyRow&)>& visit) {
  const PlotLayout layout(block.job->name);
  std::vector<Piece> group;
  const auto group_of = [&](uint64_t index) { return index / layout.group_nonces(); };
  uint64_t first = 0;
  for (const NonceSpan& span : block.job->spans) {
    for (const NonceSpan& piece : layout.pieces(span)) {
      if (!group.empty() && group_of(group[0].index) != group_of(piece.first)) {
        QUARRY_TRY(cancel.status());
        QUARRY_TRY(each_of_group(reader, block, group, visit));
        group.clear();
      }
      group.push_back({piece.first, piece.count, first});
      first += piece.count;
    }
  }
  QUARRY_TRY(cancel.status());
  return each_of_group(reader, block, group, visit);
}

Status VerifyRows::each_of_group(PlotReader& reader, const VerifyBlock& block,
                                 std::span<const Piece> pieces,
                                 const std::function<Status(const VerifyRow&)>& visit) {
  const PlotLayout layout(block.job->name);
  uint64_t longest = 0;
  for (const Piece& piece : pieces) longest = std::max(longest, piece.count * kScoopBytes);
  const bool whole_group = pieces[0].count == layout.group_nonces();
  const uint64_t rows_at_once =
      whole_group ? std::clamp<uint64_t>(kReadBytes / longest, 1, kScoopsPerNonce) : 1;
  const uint64_t needed = PlotReader::buffer_bytes(rows_at_once * longest);
  if (buffer_.size_bytes() < needed) {
    QUARRY_ASSIGN(buffer_, HostMemory::allocate(needed));
  }
  for (uint64_t scoop = 0; scoop < kScoopsPerNonce; scoop += rows_at_once) {
    const uint64_t rows = std::min(rows_at_once, kScoopsPerNonce - scoop);
    for (const Piece& piece : pieces) {
      const uint64_t row_bytes = piece.count * kScoopBytes;
      const uint64_t offset = layout.offset(scoop, piece.index);
      QUARRY_ASSIGN(const std::span<const std::byte> bytes,
                    reader.read(offset, rows * row_bytes, buffer_.bytes()));
      for (uint64_t row = 0; row < rows; row++)
        QUARRY_TRY(visit({.offset = offset + row * row_bytes,
                          .first = piece.first,
                          .found = bytes.subspan(row * row_bytes, row_bytes),
                          .expected = expected_row(block, scoop + row, piece)}));
    }
  }
  return {};
}

std::span<const std::byte> VerifyRows::expected_row(const VerifyBlock& block, uint64_t scoop,
                                                    const Piece& piece) {
  const uint64_t row_bytes = piece.count * kScoopBytes;
  const auto row_of = [&](uint64_t number) {
    return block.memory.data() + scoop_offset(block.nonces, number, piece.first);
  };
  if (!block.job->name.is_poc1()) return {row_of(scoop), row_bytes};
  poc1_row_.assign(row_of(scoop), row_of(scoop) + row_bytes);
  take_second_halves(poc1_row_.data(), row_of(mirror_scoop(scoop)), piece.count);
  return poc1_row_;
}

Result<std::vector<bool>> find_bad_nonces(VerifyRows& rows, PlotReader& reader,
                                          const VerifyBlock& block, const Cancel& cancel) {
  std::vector<bool> bad(block.nonces);
  QUARRY_TRY(rows.each(reader, block, cancel, [&](const VerifyRow& row) -> Status {
    if (same_row(row)) return {};
    for (uint64_t i = 0; i < row.found.size() / kScoopBytes; i++)
      if (!same_scoop(row, i)) bad[row.first + i] = true;
    return {};
  }));
  return bad;
}

Status repair_rows(VerifyRows& rows, PlotReader& reader, const VerifyBlock& block, File& file,
                   const Cancel& cancel) {
  QUARRY_TRY(rows.each(reader, block, cancel, [&](const VerifyRow& row) -> Status {
    if (same_row(row)) return {};
    const uint64_t scoops = row.found.size() / kScoopBytes;
    for (uint64_t i = 0; i < scoops;) {
      uint64_t end = i;
      while (end < scoops && !same_scoop(row, end)) end++;
      if (end > i)
        QUARRY_TRY(file.write_at(row.offset + i * kScoopBytes,
                                 row.expected.subspan(i * kScoopBytes, (end - i) * kScoopBytes)));
      i = end + 1;
    }
    return {};
  }));
  return file.sync();
}

}  // namespace quarry
