#include "bench/device_sampler.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "host/memory.h"
#include "plotter/device_feed.h"
#include "plotter/poc2.h"

namespace quarry::bench {
namespace {

constexpr uint32_t kPools = 2;
constexpr uint64_t kSliceBytes = uint64_t{64} << 20;

// Stands where a disk would: takes every pool that is full, and forgets it.
class Sink {
 public:
  Sink(DeviceFeed& feed, PoolQueue& queue, std::span<std::byte> slice)
      : feed_(feed), queue_(queue), slice_(slice) {}

  Result<double> run(double seconds) {
    using Steady = std::chrono::steady_clock;
    Steady::time_point begin;
    uint64_t nonces = 0;
    for (uint64_t pools = 0;; pools++) {
      Pool* pool = queue_.take_full(0);
      if (pool == nullptr) return Status(Code::kDevice, "the device stopped");
      QUARRY_TRY(fetch(*pool));
      // The first pool had the device to itself.
      if (pools == 0)
        begin = Steady::now();
      else
        nonces += pool->span.count;
      queue_.recorded(pool);
      const double elapsed = std::chrono::duration<double>(Steady::now() - begin).count();
      if (pools >= 2 && elapsed >= seconds) return static_cast<double>(nonces) / elapsed;
    }
  }

 private:
  Status fetch(const Pool& pool) {
    if (!pool.device) return {};
    ScoopRows rows;
    rows.data = slice_.data();
    rows.pitch_bytes = pool.span.count * kScoopBytes;
    const uint64_t most = slice_.size() / rows.pitch_bytes;
    for (uint64_t scoop = 0; scoop < kScoopsPerNonce; scoop += most) {
      rows.first_scoop = static_cast<uint32_t>(scoop);
      rows.scoops = static_cast<uint32_t>(std::min(most, kScoopsPerNonce - scoop));
      QUARRY_TRY(feed_.deliver(pool, rows, slice_));
    }
    return {};
  }

  DeviceFeed& feed_;
  PoolQueue& queue_;
  const std::span<std::byte> slice_;
};

}  // namespace

Result<double> sample_device(Device& device, double seconds, const Cancel& cancel) {
  const uint64_t wave = wave_nonces(device.info(), choose_plot_kernel(device.info()));
  // As many as fit, so that pools are whole waves.
  std::vector<std::unique_ptr<Pool>> pools;
  for (uint32_t i = 0; i < kPools; i++) pools.push_back(std::make_unique<Pool>());
  // The feed pins both, so that it goes first.
  HostMemory slice;
  std::unique_ptr<PoolQueue> queue;
  FeedOptions options;
  options.most_nonces = wave;
  DeviceFeed feed(device, 0, options);
  const uint64_t gathered = feed.gather(kPools, wave, wave);
  if (gathered > 0) {
    QUARRY_ASSIGN(slice, HostMemory::allocate(std::max(kSliceBytes, gathered * kScoopBytes)));
  }
  for (uint32_t i = 0; i < kPools; i++) {
    pools[i]->capacity = wave;
    if (gathered > 0) {
      pools[i]->device = 0;
      pools[i]->slot = i;
    } else {
      QUARRY_ASSIGN(pools[i]->memory, HostMemory::allocate(wave * kNonceBytes));
    }
  }
  queue = std::make_unique<PoolQueue>(
      std::vector<std::vector<NonceSpan>>{{{0, UINT64_MAX / kNonceBytes}}}, std::move(pools), 1);
  Status failure;
  const FeedShared shared = {
      *queue,
      [](const Pool& pool, NonceSpan part) {
        return NonceRange{1, pool.span.first + part.first, static_cast<uint32_t>(part.count)};
      },
      [&](size_t, const Status& why) {
        failure = why;
        queue->retire(0);
      },
      cancel};
  std::thread worker([&] { feed.run(shared); });
  Result<double> rate = Sink(feed, *queue, slice.bytes()).run(seconds);
  queue->stop();
  worker.join();
  QUARRY_TRY(failure);
  QUARRY_TRY(cancel.status());
  return rate;
}

}  // namespace quarry::bench
