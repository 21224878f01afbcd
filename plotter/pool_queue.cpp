#include "plotter/pool_queue.h"

#include <algorithm>

namespace quarry {

Result<HostMemory> allocate_for(std::span<const std::unique_ptr<Device>> devices,
                                uint64_t size_bytes) {
  const bool only_here = std::all_of(devices.begin(), devices.end(), [](const auto& device) {
    return device->info().shares_host_memory;
  });
  return HostMemory::allocate(size_bytes, only_here ? Sharing::kPrivate : Sharing::kShared);
}

PoolQueue::PoolQueue(std::vector<std::vector<NonceSpan>> open,
                     std::vector<std::unique_ptr<Pool>> pools, size_t device_count)
    : pools_(std::move(pools)),
      retired_(device_count, false),
      has_pools_(device_count, false),
      by_device_(device_count, 0),
      devices_left_(device_count) {
  for (std::vector<NonceSpan>& spans : open) {
    Target target;
    for (const NonceSpan& span : spans) target.unrecorded += span.count;
    target.open.assign(spans.begin(), spans.end());
    targets_.push_back(std::move(target));
  }
  for (const std::unique_ptr<Pool>& pool : pools_) {
    QUARRY_CHECK(pool->capacity > 0);
    free_.push_back(pool.get());
    if (pool->device) has_pools_[*pool->device] = true;
  }
}

// Where pools lie that the device fills: its own memory, or the host's.
std::optional<size_t> PoolQueue::home_of(size_t device) const {
  return has_pools_[device] ? std::optional(device) : std::nullopt;
}

bool PoolQueue::all_done() const {
  return std::all_of(targets_.begin(), targets_.end(), [](const Target& target) {
    return target.abandoned || target.unrecorded == 0;
  });
}

// Gives a free pool to the target that holds the fewest pools, so that no slow
// disk collects them all.
Pool* PoolQueue::open_pool(std::optional<size_t> home) {
  const auto free = std::find_if(free_.rbegin(), free_.rend(),
                                 [&](const Pool* pool) { return pool->device == home; });
  if (free == free_.rend()) return nullptr;
  Target* best = nullptr;
  for (Target& target : targets_)
    if (!target.abandoned && !target.open.empty() &&
        (best == nullptr || target.pools < best->pools))
      best = &target;
  if (best == nullptr) return nullptr;
  Pool* pool = *free;
  std::erase(free_, pool);
  NonceSpan& open = best->open.front();
  pool->target = static_cast<size_t>(best - targets_.data());
  pool->span = {open.first, std::min(open.count, pool->capacity)};
  open.first += pool->span.count;
  open.count -= pool->span.count;
  if (open.count == 0) best->open.pop_front();
  best->pools++;
  pool->in_use = true;
  reset(pool);
  filling_.push_back(pool);
  return pool;
}

void PoolQueue::reset(Pool* pool) {
  pool->parts.clear();
  pool->returned.clear();
  pool->assigned = 0;
  pool->in_flight = 0;
  pool->completed = 0;
}

void PoolQueue::free_pool(Pool* pool) {
  targets_[pool->target].pools--;
  pool->in_use = false;
  std::erase(filling_, pool);
  std::erase(full_, pool);
  free_.push_back(pool);
  changed_.notify_all();
}

void PoolQueue::free_if_abandoned(Pool* pool) {
  if (targets_[pool->target].abandoned && pool->in_flight == 0) free_pool(pool);
}

// What the pool was for is open again, for whoever comes first.
void PoolQueue::dissolve(Pool* pool) {
  targets_[pool->target].open.push_front(pool->span);
  reset(pool);
  free_pool(pool);
}

std::optional<Batch> PoolQueue::take(size_t device, uint32_t nonces) {
  std::unique_lock lock(mutex_);
  while (true) {
    if (stopped_ || retired_[device] || all_done()) return std::nullopt;
    const std::optional<size_t> home = home_of(device);
    for (Pool* pool : filling_) {
      if (pool->device != home || targets_[pool->target].abandoned) continue;
      if (!pool->returned.empty()) {
        NonceSpan& span = pool->returned.back();
        const Batch batch = {pool, {span.first, std::min<uint64_t>(span.count, nonces)}};
        span.first += batch.span.count;
        span.count -= batch.span.count;
        if (span.count == 0) pool->returned.pop_back();
        pool->in_flight += batch.span.count;
        return batch;
      }
      if (pool->assigned < pool->span.count) {
        const Batch batch = {
            pool, {pool->assigned, std::min<uint64_t>(pool->span.count - pool->assigned, nonces)}};
        pool->assigned += batch.span.count;
        pool->in_flight += batch.span.count;
        return batch;
      }
    }
    if (open_pool(home) != nullptr) {
      changed_.notify_all();
      continue;
    }
    changed_.wait(lock);
  }
}

void PoolQueue::complete(const Batch& batch, size_t device) {
  const std::lock_guard lock(mutex_);
  Pool* pool = batch.pool;
  pool->parts.push_back({batch.span, device});
  pool->in_flight -= batch.span.count;
  pool->completed += batch.span.count;
  by_device_[device] += batch.span.count;
  if (targets_[pool->target].abandoned) {
    free_if_abandoned(pool);
  } else if (pool->completed == pool->span.count) {
    std::erase(filling_, pool);
    full_.push_back(pool);
    changed_.notify_all();
  }
}

void PoolQueue::give_back(const Batch& batch) {
  const std::lock_guard lock(mutex_);
  Pool* pool = batch.pool;
  pool->in_flight -= batch.span.count;
  pool->returned.push_back(batch.span);
  if (pool->device && retired_[*pool->device] && pool->in_flight == 0 &&
      !targets_[pool->target].abandoned)
    dissolve(pool);
  else
    free_if_abandoned(pool);
  changed_.notify_all();
}

Pool* PoolQueue::take_full(size_t target) {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto found = std::find_if(full_.begin(), full_.end(),
                                    [target](Pool* pool) { return pool->target == target; });
    if (found != full_.end()) {
      Pool* pool = *found;
      full_.erase(found);
      return pool;
    }
    if (stopped_ || targets_[target].abandoned || targets_[target].unrecorded == 0) return nullptr;
    changed_.wait(lock);
  }
}

void PoolQueue::recorded(Pool* pool) {
  const std::lock_guard lock(mutex_);
  targets_[pool->target].unrecorded -= pool->span.count;
  targets_[pool->target].recorded += pool->span.count;
  free_pool(pool);
}

void PoolQueue::redo(Pool* pool) {
  const std::lock_guard lock(mutex_);
  for (const Pool::Part& part : pool->parts) by_device_[part.device] -= part.span.count;
  reset(pool);
  if (pool->device && retired_[*pool->device])
    dissolve(pool);
  else
    filling_.insert(filling_.begin(), pool);
  changed_.notify_all();
}

void PoolQueue::abandon(size_t target, Pool* pool) {
  const std::lock_guard lock(mutex_);
  targets_[target].abandoned = true;
  targets_[target].open.clear();
  if (pool != nullptr) free_pool(pool);
  // Pools that devices still work on are freed when the last batch comes back.
  for (Pool* full : std::deque<Pool*>(full_))
    if (full->target == target) free_pool(full);
  for (Pool* filling : std::vector<Pool*>(filling_))
    if (filling->target == target) free_if_abandoned(filling);
  changed_.notify_all();
}

bool PoolQueue::retire(size_t device) {
  const std::lock_guard lock(mutex_);
  if (retired_[device]) return false;
  retired_[device] = true;
  devices_left_--;
  if (devices_left_ == 0) stopped_ = true;
  // What it only began to fill is for others; what is full, its writer tries.
  for (Pool* pool : std::vector<Pool*>(filling_))
    if (pool->device == device && pool->in_flight == 0 && !targets_[pool->target].abandoned)
      dissolve(pool);
  changed_.notify_all();
  return true;
}

void PoolQueue::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

bool PoolQueue::finished(size_t target) const {
  const std::lock_guard lock(mutex_);
  return targets_[target].unrecorded == 0;
}

PoolQueue::Counts PoolQueue::counts() const {
  const std::lock_guard lock(mutex_);
  Counts counts;
  counts.by_device = by_device_;
  counts.retired = retired_;
  for (const Target& target : targets_) {
    counts.recorded_by_target.push_back(target.recorded);
    counts.computed_nonces += target.recorded;
  }
  for (const std::unique_ptr<Pool>& pool : pools_)
    if (pool->in_use) counts.computed_nonces += pool->completed;
  counts.out_of_devices = devices_left_ == 0;
  return counts;
}

}  // namespace quarry
