#include "plotter/plot_reader.h"

#include <algorithm>
#include <cstring>

namespace quarry {
namespace {

// Rows that lie one behind the other are read together, up to this size.
constexpr uint64_t kReadBytes = uint64_t{4} << 20;

}  // namespace

std::vector<NonceSpan> PlotLayout::pieces(NonceSpan span) const {
  std::vector<NonceSpan> pieces;
  while (span.count > 0) {
    const uint64_t room = group_nonces_ - span.first % group_nonces_;
    const uint64_t count = std::min(room, span.count);
    pieces.push_back({span.first, count});
    span.first += count;
    span.count -= count;
  }
  return pieces;
}

void take_second_halves(std::byte* scoops, const std::byte* mirrored, uint64_t count) {
  constexpr uint64_t kHalf = kScoopBytes / 2;
  for (uint64_t i = 0; i < count; i++)
    std::memcpy(scoops + i * kScoopBytes + kHalf, mirrored + i * kScoopBytes + kHalf, kHalf);
}

Result<std::unique_ptr<PlotReader>> PlotReader::open(FileSystem& files, const std::string& path) {
  QUARRY_ASSIGN(std::unique_ptr<File> file, files.open(path, {.direct = true}));
  return std::unique_ptr<PlotReader>(new PlotReader(std::move(file)));
}

Result<std::span<std::byte>> PlotReader::read(uint64_t offset, uint64_t size,
                                              std::span<std::byte> buffer) {
  QUARRY_CHECK(buffer.size() >= buffer_bytes(size));
  if (!file_->direct()) {
    QUARRY_TRY(file_->read_at(offset, buffer.first(size)));
    return buffer.first(size);
  }
  // Plot files are multiples of 4096 bytes long, so the blocks around any part
  // of one are inside it.
  const uint64_t head = offset % kDirectAlignment;
  const uint64_t around =
      (head + size + kDirectAlignment - 1) / kDirectAlignment * kDirectAlignment;
  QUARRY_TRY(file_->read_at(offset - head, buffer.first(around)));
  return buffer.subspan(head, size);
}

Status PlotRows::each(PlotReader& reader, const PlotLayout& layout,
                      std::span<const NonceSpan> spans, const Cancel& cancel, const Visit& visit) {
  const auto group_of = [&](const Piece& piece) {
    return piece.in_file.first / layout.group_nonces();
  };
  std::vector<Piece> group;
  uint64_t first = 0;
  for (const NonceSpan& span : spans) {
    for (const NonceSpan& in_file : layout.pieces(span)) {
      const Piece piece = {in_file, first};
      if (!group.empty() && group_of(group[0]) != group_of(piece)) {
        QUARRY_TRY(each_of_group(reader, layout, group, cancel, visit));
        group.clear();
      }
      group.push_back(piece);
      first += in_file.count;
    }
  }
  if (group.empty()) return {};
  return each_of_group(reader, layout, group, cancel, visit);
}

Status PlotRows::each_of_group(PlotReader& reader, const PlotLayout& layout,
                               std::span<const Piece> pieces, const Cancel& cancel,
                               const Visit& visit) {
  uint64_t longest = 0;
  for (const Piece& piece : pieces) longest = std::max(longest, piece.in_file.count * kScoopBytes);
  const bool whole_group = pieces[0].in_file.count == layout.group_nonces();
  const uint64_t rows_at_once =
      whole_group ? std::clamp<uint64_t>(kReadBytes / longest, 1, kScoopsPerNonce) : 1;
  const uint64_t needed = PlotReader::buffer_bytes(rows_at_once * longest);
  if (buffer_.size_bytes() < needed) {
    QUARRY_ASSIGN(buffer_, HostMemory::allocate(needed));
  }
  for (uint64_t scoop = 0; scoop < kScoopsPerNonce; scoop += rows_at_once) {
    const uint64_t rows = std::min(rows_at_once, kScoopsPerNonce - scoop);
    QUARRY_TRY(cancel.status());
    for (const Piece& piece : pieces) {
      const uint64_t row_bytes = piece.in_file.count * kScoopBytes;
      const uint64_t offset = layout.offset(scoop, piece.in_file.first);
      QUARRY_ASSIGN(const std::span<const std::byte> bytes,
                    reader.read(offset, rows * row_bytes, buffer_.bytes()));
      for (uint64_t row = 0; row < rows; row++)
        QUARRY_TRY(visit({.scoop = scoop + row,
                          .first = piece.first,
                          .offset = offset + row * row_bytes,
                          .bytes = bytes.subspan(row * row_bytes, row_bytes)}));
    }
  }
  return {};
}

}  // namespace quarry
