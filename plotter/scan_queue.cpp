#include "plotter/scan_queue.h"

#include "plotter/plot_reader.h"

namespace quarry {

Result<std::vector<std::span<std::byte>>> ScanQueue::grow_to(size_t blocks) {
  std::vector<std::span<std::byte>> memories;
  const std::lock_guard lock(mutex_);
  while (blocks_.size() < blocks) {
    auto block = std::make_unique<ScanBlock>();
    QUARRY_ASSIGN(block->memory, HostMemory::allocate(PlotReader::buffer_bytes(kScanBlockBytes)));
    memories.push_back(block->memory.bytes());
    free_.push_back(block.get());
    blocks_.push_back(std::move(block));
  }
  return memories;
}

void ScanQueue::open_round(uint64_t number) {
  const std::lock_guard lock(mutex_);
  QUARRY_CHECK(round_ == 0 && number != 0);
  round_ = number;
}

void ScanQueue::close_round() {
  std::unique_lock lock(mutex_);
  round_ = 0;
  free_.insert(free_.end(), ready_.begin(), ready_.end());
  ready_.clear();
  free_changed_.notify_all();
  scanned_.wait(lock, [this] { return in_hand_ == 0; });
}

ScanBlock* ScanQueue::take_free(uint64_t round) {
  std::unique_lock lock(mutex_);
  free_changed_.wait(lock, [&] { return round_ != round || !free_.empty(); });
  if (round_ != round) return nullptr;
  ScanBlock* block = free_.back();
  free_.pop_back();
  return block;
}

void ScanQueue::put_ready(ScanBlock* block) {
  {
    const std::lock_guard lock(mutex_);
    if (block->job.number == round_) {
      ready_.push_back(block);
      block = nullptr;
    }
  }
  ready_changed_.notify_one();
  if (block != nullptr) give_back(block);
}

void ScanQueue::give_back(ScanBlock* block) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(block);
  }
  free_changed_.notify_one();
}

ScanBlock* ScanQueue::take_ready() {
  std::unique_lock lock(mutex_);
  ready_changed_.wait(lock, [this] { return stopped_ || !ready_.empty(); });
  if (stopped_) return nullptr;
  ScanBlock* block = ready_.front();
  ready_.pop_front();
  in_hand_++;
  return block;
}

void ScanQueue::put_free(ScanBlock* block) {
  bool last = false;
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(block);
    in_hand_--;
    last = in_hand_ == 0 && ready_.empty();
  }
  free_changed_.notify_one();
  if (!last) return;
  scanned_.notify_all();
  bell_.ring();
}

bool ScanQueue::idle() const {
  const std::lock_guard lock(mutex_);
  return in_hand_ == 0 && ready_.empty();
}

void ScanQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  ready_changed_.notify_all();
}

}  // namespace quarry
