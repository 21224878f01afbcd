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

Status PlotRows::each(PlotReader& reader, const PlotLayout& layout, NonceSpan span,
                      const Cancel& cancel, const Visit& visit) {
  for (const NonceSpan& piece : layout.pieces(span)) {
    const uint64_t row_bytes = piece.count * kScoopBytes;
    const uint64_t rows_at_once =
        piece.count == layout.group_nonces()
            ? std::clamp<uint64_t>(kReadBytes / row_bytes, 1, kScoopsPerNonce)
            : 1;
    const uint64_t needed = PlotReader::buffer_bytes(rows_at_once * row_bytes);
    if (buffer_.size_bytes() < needed) {
      QUARRY_ASSIGN(buffer_, HostMemory::allocate(needed));
    }
    for (uint64_t scoop = 0; scoop < kScoopsPerNonce; scoop += rows_at_once) {
      const uint64_t rows = std::min(rows_at_once, kScoopsPerNonce - scoop);
      const uint64_t offset = layout.offset(scoop, piece.first);
      QUARRY_TRY(cancel.status());
      QUARRY_ASSIGN(const std::span<const std::byte> bytes,
                    reader.read(offset, rows * row_bytes, buffer_.bytes()));
      for (uint64_t row = 0; row < rows; row++)
        QUARRY_TRY(visit({.scoop = scoop + row,
                          .first = piece.first - span.first,
                          .offset = offset + row * row_bytes,
                          .bytes = bytes.subspan(row * row_bytes, row_bytes)}));
    }
  }
  return {};
}

}  // namespace quarry
