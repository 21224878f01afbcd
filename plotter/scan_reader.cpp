#include "plotter/scan_reader.h"

#include <algorithm>
#include <cstring>

namespace quarry {
namespace {
constexpr uint64_t kBlockScoops = kScanBlockBytes / kScoopBytes;
}

Result<std::unique_ptr<ScanQueue>> ScanQueue::create(size_t blocks, size_t readers) {
  auto queue = std::make_unique<ScanQueue>();
  queue->readers_ = readers;
  queue->blocks_.resize(blocks);
  for (ScanBlock& block : queue->blocks_) {
    QUARRY_ASSIGN(block.memory, HostMemory::allocate(PlotReader::buffer_bytes(kScanBlockBytes)));
    queue->free_.push_back(&block);
  }
  return queue;
}

std::vector<std::span<std::byte>> ScanQueue::memories() const {
  std::vector<std::span<std::byte>> all;
  for (const ScanBlock& block : blocks_) all.push_back(block.memory.bytes());
  return all;
}

ScanBlock* ScanQueue::take_free() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || !free_.empty(); });
  if (closed_) return nullptr;
  ScanBlock* block = free_.back();
  free_.pop_back();
  return block;
}

void ScanQueue::put_ready(ScanBlock* block) {
  {
    const std::lock_guard lock(mutex_);
    ready_.push_back(block);
  }
  changed_.notify_all();
}

void ScanQueue::reader_done() {
  {
    const std::lock_guard lock(mutex_);
    readers_--;
  }
  changed_.notify_all();
}

ScanBlock* ScanQueue::take_ready() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || !ready_.empty() || readers_ == 0; });
  if (closed_ || ready_.empty()) return nullptr;
  ScanBlock* block = ready_.front();
  ready_.pop_front();
  return block;
}

void ScanQueue::put_free(ScanBlock* block) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(block);
  }
  changed_.notify_all();
}

void ScanQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

std::vector<Status> ScanReader::run(std::span<const PlotFile> plots,
                                    std::span<const size_t> files) {
  std::vector<Status> errors;
  for (const size_t file : files) {
    Status status = read_plot(plots[file]);
    if (status.code() == Code::kCancelled) break;
    if (!status.ok()) errors.push_back(std::move(status));
  }
  queue_.reader_done();
  return errors;
}

Status ScanReader::read_plot(const PlotFile& plot) {
  QUARRY_ASSIGN(const std::unique_ptr<PlotReader> reader, PlotReader::open(files_, plot.path));
  for (uint64_t first = 0; first < plot.name.nonces;) {
    QUARRY_TRY(cancel_.status());
    ScanBlock* block = queue_.take_free();
    if (block == nullptr) return {Code::kCancelled, "the scan was ended"};
    block->plot = &plot;
    block->first = first;
    block->disk = disk_;
    const Result<uint64_t> filled =
        plot.name.is_poc1() ? fill_poc1(*block, *reader, first) : fill(*block, *reader, first);
    if (!filled.ok()) {
      queue_.put_free(block);
      return filled.status().with_context("scanned " + std::to_string(first) + " of " +
                                          std::to_string(plot.name.nonces) + " nonces");
    }
    queue_.put_ready(block);
    first += *filled;
  }
  return {};
}

// The fill functions return the number of nonces.
Result<uint64_t> ScanReader::fill(ScanBlock& block, PlotReader& reader, uint64_t first) {
  const PlotName& name = block.plot->name;
  const uint64_t offset = PlotLayout(name).offset(scoop_, first);
  // All blocks but the first one then begin at a multiple of 4096.
  const uint64_t room = kBlockScoops - offset % kDirectAlignment / kScoopBytes;
  const uint64_t count = std::min(room, name.nonces - first);
  QUARRY_ASSIGN(block.scoops, reader.read(offset, count * kScoopBytes, block.memory.bytes()));
  block.bytes_read = block.scoops.size();
  return count;
}

Result<uint64_t> ScanReader::fill_poc1(ScanBlock& block, PlotReader& reader, uint64_t first) {
  if (run_.size_bytes() == 0) {
    QUARRY_ASSIGN(run_, HostMemory::allocate(PlotReader::buffer_bytes(kScanBlockBytes)));
  }
  const PlotName& name = block.plot->name;
  const PlotLayout layout(name);
  const uint64_t count = std::min(kBlockScoops, name.nonces - first);
  for (const NonceSpan& piece : layout.pieces({first, count})) {
    std::byte* target = block.memory.data() + (piece.first - first) * kScoopBytes;
    const uint64_t size = piece.count * kScoopBytes;
    QUARRY_ASSIGN(const std::span<std::byte> scoops,
                  reader.read(layout.offset(scoop_, piece.first), size, run_.bytes()));
    std::memcpy(target, scoops.data(), size);
    QUARRY_ASSIGN(
        const std::span<std::byte> mirrored,
        reader.read(layout.offset(mirror_scoop(scoop_), piece.first), size, run_.bytes()));
    take_second_halves(target, mirrored.data(), piece.count);
  }
  block.scoops = block.memory.bytes().first(count * kScoopBytes);
  block.bytes_read = 2 * count * kScoopBytes;
  return count;
}

}  // namespace quarry
