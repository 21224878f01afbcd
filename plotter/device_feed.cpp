#include "plotter/device_feed.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include "plotter/poc2.h"

namespace quarry {

// Slots on their way from the thread that computes to the one that delivers.
class DeviceFeed::Handover {
 public:
  struct Filled {
    Batch batch;
    uint32_t slot = 0;
  };

  explicit Handover(uint32_t slots) {
    for (uint32_t slot = 0; slot < slots; slot++) free_.push_back(slot);
  }

  uint32_t take_free() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !free_.empty(); });
    const uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }

  void put_free(uint32_t slot) {
    const std::lock_guard lock(mutex_);
    free_.push_back(slot);
    changed_.notify_all();
  }

  void put_filled(const Filled& filled) {
    const std::lock_guard lock(mutex_);
    filled_.push_back(filled);
    changed_.notify_all();
  }

  // Nothing: close() was called, and all that was filled is taken.
  std::optional<Filled> take_filled() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !filled_.empty(); });
    if (filled_.empty()) return std::nullopt;
    const Filled filled = filled_.front();
    filled_.pop_front();
    return filled;
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

  void fail(const Status& status) {
    const std::lock_guard lock(mutex_);
    if (failure_.ok()) failure_ = status;
  }

  Status failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<uint32_t> free_;
  std::deque<Filled> filled_;
  Status failure_;
  bool closed_ = false;
};

DeviceFeed::DeviceFeed(Device& device, size_t index, const FeedOptions& options)
    : info_(device.info()),
      device_(&device),
      index_(index),
      options_(options),
      care_(info_, options.care.pace, options.notice),
      kernel_(choose_plot_kernel(info_)) {
  generator_options_.slots = 2;
  generator_options_.slot_nonces = std::min(options.most_nonces, wave_nonces(info_, kernel_));
  generator_options_.memory_bytes = options.care.memory_bytes;
  generator_options_.kernel = kernel_;
  generator_options_.pace = care_.pace();
}

uint64_t DeviceFeed::gather(uint32_t pools, uint64_t least, uint64_t most) {
  if (!info_.owns_memory) return 0;
  const uint64_t wave = wave_nonces(info_, kernel_);
  const GeneratorOptions two_slots = generator_options_;
  GeneratorOptions options = two_slots;
  options.slots = pools;
  options.slot_nonces = (most + wave - 1) / wave * wave;
  // Writers need whole blocks for direct I/O.
  options.slot_nonces =
      NonceGenerator::fitting_nonces(*device_, options) / kNoncesPerBlock * kNoncesPerBlock;
  const uint64_t wanted = std::max(least, std::min(wave, most));
  if (options.slot_nonces < wanted) return 0;
  generator_options_ = options;
  gathers_ = true;
  // Where memory was short all the same, pools are smaller from now on.
  if (open_generator().ok() && generator_->batch_nonces() >= wanted) {
    generator_options_.slot_nonces = generator_->batch_nonces();
    return generator_options_.slot_nonces;
  }
  // Whatever it was, it comes again when the device works, and is dealt with there.
  generator_.reset();
  generator_options_ = two_slots;
  gathers_ = false;
  return 0;
}

Status DeviceFeed::open_generator() {
  QUARRY_ASSIGN(generator_, NonceGenerator::open(*device_, generator_options_));
  if (!gathers_ || session_ == 0 || generator_->batch_nonces() >= generator_options_.slot_nonces)
    return {};
  return {Code::kOutOfMemory, info_.id + " has less free memory than before"};
}

Buffer* DeviceFeed::wrapped(std::span<std::byte> memory) {
  const std::lock_guard lock(wrapped_mutex_);
  const auto [found, is_new] = wrapped_.try_emplace(memory.data());
  // Without it the device copies through memory of its own.
  if (is_new)
    if (auto buffer = device_->wrap(memory); buffer.ok()) found->second = std::move(*buffer);
  return found->second.get();
}

ScoopRows DeviceFeed::rows_in(Pool& pool, uint64_t first) {
  return rows_of({pool.memory.data(), pool.span.count, wrapped(pool.memory.bytes())}, first);
}

Status DeviceFeed::deliver(const Pool& pool, ScoopRows rows, std::span<std::byte> memory) {
  const std::shared_lock lock(exchange_);
  if (generator_ == nullptr || pool.session != session_)
    return {Code::kDevice, info_.id + " was started again, and lost what it had computed"};
  rows.wrapped = wrapped(memory);
  rows.wrapped_offset = static_cast<uint64_t>(rows.data - memory.data());
  Status status = generator_->deliver(pool.slot, rows);
  if (!status.ok()) failed_ = true;
  return status;
}

void DeviceFeed::run(const FeedShared& shared) {
  if (info_.shares_host_memory) return run_queues(shared);
  for (int failures = 0;;) {
    Status status = run_session(shared);
    do {
      if (status.ok() || status.code() == Code::kCancelled) return;
      failures = succeeded_.exchange(false) ? 1 : failures + 1;
      if (!options_.care.reopen || failures >= kMostFailures) return shared.retire(index_, status);
      options_.notice(info_.id + " failed and is started again: " + status.message());
      status = reopen_device();
    } while (!status.ok());
  }
}

// Everything that lived on the old device goes with it.
Status DeviceFeed::reopen_device() {
  const std::unique_lock lock(exchange_);
  device_->abandon();
  generator_.reset();
  wrapped_.clear();
  session_++;
  QUARRY_ASSIGN(std::unique_ptr<Device> fresh, options_.care.reopen(info_.id));
  replacement_ = std::move(fresh);
  device_ = replacement_.get();
  return {};
}

// Until no work is left, or the first failure.
Status DeviceFeed::run_session(const FeedShared& shared) {
  failed_ = false;
  Status status;
  {
    const std::unique_lock lock(exchange_);
    if (generator_ == nullptr) status = open_generator();
  }
  if (status.ok()) status = gathers_ ? compute_own_pools(shared) : compute_and_deliver(shared);
  return status;
}

Status DeviceFeed::compute_own_pools(const FeedShared& shared) {
  while (auto batch = shared.queue.take(index_, generator_->batch_nonces())) {
    Pool& pool = *batch->pool;
    Status status =
        failed_ ? Status(Code::kDevice, "a copy from " + info_.id + " failed")
                : generator_->compute(pool.slot, shared.range_of(pool, batch->span), shared.cancel);
    if (!status.ok()) {
      shared.queue.give_back(*batch);
      return status;
    }
    pool.session = session_;
    succeeded_ = true;
    shared.queue.complete(*batch, index_);
  }
  return {};
}

Status DeviceFeed::compute_and_deliver(const FeedShared& shared) {
  Handover handover(generator_options_.slots);
  std::thread deliverer([&] { deliver_batches(shared, handover); });
  while (auto batch = shared.queue.take(index_, generator_->batch_nonces())) {
    const uint32_t slot = handover.take_free();
    Status status = handover.failure();
    if (status.ok())
      status = generator_->compute(slot, shared.range_of(*batch->pool, batch->span), shared.cancel);
    if (!status.ok()) {
      shared.queue.give_back(*batch);
      handover.fail(status);
      break;
    }
    handover.put_filled({*batch, slot});
  }
  handover.close();
  deliverer.join();
  return handover.failure();
}

void DeviceFeed::deliver_batches(const FeedShared& shared, Handover& handover) {
  while (const auto filled = handover.take_filled()) {
    const Batch& batch = filled->batch;
    Status status = handover.failure();
    // What was computed before a stop is still worth delivering.
    if (status.ok() || status.code() == Code::kCancelled)
      status = generator_->deliver(filled->slot, rows_in(*batch.pool, batch.span.first));
    if (status.ok()) {
      succeeded_ = true;
      shared.queue.complete(batch, index_);
    } else {
      handover.fail(status);
      shared.queue.give_back(batch);
    }
    handover.put_free(filled->slot);
  }
}

// One thread for each queue; a CPU that fails is not started again.
void DeviceFeed::run_queues(const FeedShared& shared) {
  std::vector<std::thread> threads;
  for (uint32_t queue = 0; queue < info_.queues; queue++)
    threads.emplace_back([this, &shared, queue] {
      const Status status = run_queue(shared, queue);
      if (!status.ok() && status.code() != Code::kCancelled) shared.retire(index_, status);
    });
  for (std::thread& thread : threads) thread.join();
}

Status DeviceFeed::run_queue(const FeedShared& shared, uint32_t queue_index) {
  GeneratorOptions options = generator_options_;
  options.queue_index = queue_index;
  options.slots = 1;
  QUARRY_ASSIGN(const auto generator, NonceGenerator::open(*device_, options));
  while (auto batch = shared.queue.take(index_, generator->batch_nonces())) {
    Status status =
        generator->compute(0, shared.range_of(*batch->pool, batch->span), shared.cancel);
    if (status.ok()) status = generator->deliver(0, rows_in(*batch->pool, batch->span.first));
    if (!status.ok()) {
      shared.queue.give_back(*batch);
      return status;
    }
    shared.queue.complete(*batch, index_);
  }
  return {};
}

}  // namespace quarry
