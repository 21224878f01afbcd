#include "plotter/verify_blocks.h"

#include <algorithm>

#include "plotter/poc2.h"

namespace quarry {

uint64_t VerifyJob::nonces() const {
  uint64_t sum = 0;
  for (const NonceSpan& span : spans) sum += span.count;
  return sum;
}

Result<std::unique_ptr<VerifyBlocks>> VerifyBlocks::create(
    std::span<const std::unique_ptr<Device>> devices, const Cancel& cancel, uint64_t nonces,
    size_t blocks) {
  std::unique_ptr<VerifyBlocks> all(new VerifyBlocks(devices, cancel));
  all->blocks_.resize(blocks);
  for (VerifyBlock& block : all->blocks_) {
    QUARRY_ASSIGN(block.memory, HostMemory::allocate(nonces * kNonceBytes));
    for (const auto& device : devices) {
      Result<std::unique_ptr<Buffer>> wrapped = device->wrap(block.memory.bytes());
      if (!wrapped.ok() && wrapped.status().code() != Code::kUnsupported)
        return wrapped.status().with_context(device->info().id);
      block.wrapped.push_back(wrapped.ok() ? *std::move(wrapped) : nullptr);
    }
    all->free_.push_back(&block);
  }
  return all;
}

void VerifyBlocks::add_jobs(std::span<const VerifyJob> jobs, size_t disks) {
  const std::lock_guard lock(mutex_);
  disks_.resize(disks);
  jobs_left_ = jobs.size();
  for (const VerifyJob& job : jobs) {
    disks_[job.disk].waiting.push_back(&job);
    disks_[job.disk].jobs_left++;
  }
}

void VerifyBlocks::compute(size_t device, uint32_t queue_index) {
  Status status = work(device, queue_index);
  const std::lock_guard lock(mutex_);
  if (!status.ok() && status.code() != Code::kCancelled) {
    // Out of memory: the device's other queues may have enough.
    const bool known = status.code() != Code::kOutOfMemory && gone_[device].exchange(true);
    if (!known) failures_.push_back(std::move(status));
  }
  if (--workers_ == 0 && jobs_left_ > 0) {
    out_of_devices_ = !stopped_;
    stopped_ = true;
  }
  changed_.notify_all();
}

Status VerifyBlocks::work(size_t device, uint32_t queue_index) {
  Device& target = *devices_[device];
  const auto most = static_cast<uint32_t>(std::min<uint64_t>(
      target.info().items_per_queue, blocks_[0].memory.size_bytes() / kNonceBytes));
  QUARRY_ASSIGN(const std::unique_ptr<NonceGenerator> generator,
                NonceGenerator::open(target, queue_index, std::max(most, 1u)));
  while (std::optional<Task> task = take_task(device, generator->batch_nonces())) {
    const ScoopBlock block = {task->block->memory.data(), task->block->nonces,
                              task->block->wrapped[device].get()};
    Status status = generator->generate(task->range, block, task->part.first, cancel_);
    if (!status.ok()) {
      return_task(*task);
      return status.with_context(target.info().id);
    }
    finish_task(*task);
  }
  return {};
}

// A block for the disk that has the fewest. With `mutex_` held.
bool VerifyBlocks::start_block() {
  if (free_.empty()) return false;
  Disk* chosen = nullptr;
  for (Disk& disk : disks_)
    if (!disk.waiting.empty() && (chosen == nullptr || disk.blocks < chosen->blocks))
      chosen = &disk;
  if (chosen == nullptr) return false;
  current_ = free_.back();
  free_.pop_back();
  current_->job = chosen->waiting.front();
  current_->nonces = current_->job->nonces();
  current_->given_out = 0;
  current_->computed.clear();
  chosen->waiting.pop_front();
  chosen->blocks++;
  return true;
}

std::optional<VerifyBlocks::Task> VerifyBlocks::take_task(size_t device, uint32_t most) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return stopped_ || jobs_left_ == 0 || gone_[device] || cancel_.requested() ||
           !returned_.empty() || current_ != nullptr || start_block();
  });
  if (stopped_ || jobs_left_ == 0 || gone_[device] || cancel_.requested()) return std::nullopt;
  // What another device failed at first, as much of it as fits.
  if (!returned_.empty()) {
    Task task = returned_.back();
    returned_.pop_back();
    if (task.part.count > most) {
      Task rest = task;
      rest.part.first += most;
      rest.part.count -= most;
      rest.range.start += most;
      rest.range.count -= most;
      returned_.push_back(rest);
      task.part.count = task.range.count = most;
    }
    task.part.device = device;
    return task;
  }
  uint64_t before = 0;  // nonces of the block in earlier spans
  for (const NonceSpan& span : current_->job->spans) {
    if (current_->given_out < before + span.count) {
      const uint64_t skip = current_->given_out - before;
      const uint64_t count = std::min<uint64_t>(most, span.count - skip);
      const PlotName& name = current_->job->name;
      const Task task = {.block = current_,
                         .part = {current_->given_out, count, device},
                         .range = {.account_id = name.account_id,
                                   .start = name.start + span.first + skip,
                                   .count = static_cast<uint32_t>(count),
                                   .step = 1}};
      current_->given_out += count;
      if (current_->given_out == current_->nonces) current_ = nullptr;
      return task;
    }
    before += span.count;
  }
  QUARRY_CHECK(false && "a block without nonces to give out");
  return std::nullopt;
}

void VerifyBlocks::finish_task(const Task& task) {
  const std::lock_guard lock(mutex_);
  VerifyBlock& block = *task.block;
  block.computed.push_back(task.part);
  uint64_t done = 0;
  for (const VerifyBlock::Part& part : block.computed) done += part.count;
  if (done < block.nonces) return;
  disks_[block.job->disk].computed.push_back(&block);
  changed_.notify_all();
}

void VerifyBlocks::return_task(const Task& task) {
  const std::lock_guard lock(mutex_);
  returned_.push_back(task);
  changed_.notify_all();
}

VerifyBlock* VerifyBlocks::take(size_t disk) {
  std::unique_lock lock(mutex_);
  Disk& mine = disks_[disk];
  changed_.wait(lock, [&] { return stopped_ || mine.jobs_left == 0 || !mine.computed.empty(); });
  if (stopped_ || mine.jobs_left == 0) return nullptr;
  VerifyBlock* block = mine.computed.front();
  mine.computed.pop_front();
  return block;
}

void VerifyBlocks::give_back(VerifyBlock* block, bool again) {
  const std::lock_guard lock(mutex_);
  Disk& disk = disks_[block->job->disk];
  disk.blocks--;
  if (again) {
    disk.waiting.push_front(block->job);
  } else {
    disk.jobs_left--;
    jobs_left_--;
  }
  free_.push_back(block);
  changed_.notify_all();
}

void VerifyBlocks::retire(size_t device, Status why) {
  const std::lock_guard lock(mutex_);
  if (!gone_[device].exchange(true)) failures_.push_back(std::move(why));
  changed_.notify_all();
}

void VerifyBlocks::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

Status VerifyBlocks::status() {
  const std::lock_guard lock(mutex_);
  QUARRY_TRY(cancel_.status());
  if (!out_of_devices_) return {};
  std::string message = "no device is left to verify with";
  for (const Status& failure : failures_) message += ": " + failure.message();
  return {Code::kDevice, message};
}

std::vector<Status> VerifyBlocks::retired() {
  const std::lock_guard lock(mutex_);
  return failures_;
}

}  // namespace quarry
