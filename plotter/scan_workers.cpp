#include "plotter/scan_workers.h"

namespace quarry {
namespace {

// Scoops of each block whose hits are compared with the best that a device named.
constexpr uint64_t kSamples = 8;

uint64_t hit_in(const Round& round, std::span<const std::byte> scoops, uint64_t index) {
  return hit_of(round, scoops.subspan(index * kScoopBytes).first<kScoopBytes>());
}

// Is this the answer of a device that works? All of it where it was asked for
// one number, a sample for the claim that no other is smaller.
bool plausible(const Round& round, std::span<const std::byte> scoops,
               const ScoopScanner::Best& best) {
  const uint64_t count = scoops.size() / kScoopBytes;
  if (best.index >= count || hit_in(round, scoops, best.index) != best.hit) return false;
  for (uint64_t i = 0; i < kSamples; i++)
    if (hit_in(round, scoops, i * (count - 1) / (kSamples - 1)) < best.hit) return false;
  return true;
}

// What a device should have said; without the nonces that are not trusted.
ScoopScanner::Best scan_scalar(const ScanBlock& block, const Distrusted& distrusted) {
  ScoopScanner::Best best;
  for (uint64_t i = 0; i < block.scoops.size() / kScoopBytes; i++) {
    if (distrusted.contains(block.plot->path, block.plot->name.start + block.first + i)) continue;
    const uint64_t hit = hit_in(block.job.round, block.scoops, i);
    if (best.index == UINT64_MAX || hit < best.hit) best = {hit, i};
  }
  return best;
}

}  // namespace

ScanWorkers::ScanWorkers(std::span<const std::unique_ptr<Device>> devices, ScanQueue& queue,
                         RoundTally& tally, const Distrusted& distrusted, Bell& bell)
    : devices_(devices),
      queue_(queue),
      tally_(tally),
      distrusted_(distrusted),
      bell_(bell),
      retired_(devices.size()) {
  for (size_t i = 0; i < devices.size(); i++)
    for (uint32_t index = 0; index < devices[i]->info().queues; index++)
      threads_.emplace_back([this, i, index] { work(i, index); });
}

ScanWorkers::~ScanWorkers() {
  queue_.stop();
  for (std::thread& thread : threads_) thread.join();
}

size_t ScanWorkers::count(std::span<const std::unique_ptr<Device>> devices) {
  size_t count = 0;
  for (const auto& device : devices) count += device->info().queues;
  return count;
}

std::vector<Status> ScanWorkers::take_failures() {
  const std::lock_guard lock(mutex_);
  const auto first = failures_.begin() + static_cast<ptrdiff_t>(told_);
  told_ = failures_.size();
  return {first, failures_.end()};
}

Status ScanWorkers::status() const {
  const std::lock_guard lock(mutex_);
  if (failures_.size() < devices_.size()) return {};
  return {Code::kDevice, "no device is left: " + failures_[0].message()};
}

// One queue of one device, on a thread of its own.
void ScanWorkers::work(size_t device, uint32_t queue_index) {
  const auto scanner = ScoopScanner::open(*devices_[device], queue_index, kScanBlockScoops);
  if (!scanner.ok()) retire(device, scanner.status());
  while (!retired_[device]) {
    ScanBlock* block = queue_.take_ready();
    if (block == nullptr) return;
    Result<ScoopScanner::Best> best = scan_block(device, **scanner, *block);
    // Before the block counts as done: a round that it ends then knows.
    if (!best.ok()) retire(device, best.status());
    record(*block, best.ok() ? *best : scan_scalar(*block, distrusted_));
    queue_.put_free(block);
  }
}

// kDevice too where the device's answer is wrong.
Result<ScoopScanner::Best> ScanWorkers::scan_block(size_t device, ScoopScanner& scanner,
                                                   const ScanBlock& block) {
  const DeviceInfo& info = devices_[device]->info();
  const auto best = scanner.scan(block.job.round, block.scoops);
  if (!best.ok()) return best.status().with_context(info.id);
  if (plausible(block.job.round, block.scoops, *best)) return *best;
  return Status(Code::kDevice,
                info.id + " (" + info.name + ") computed wrong hits; it is not used any more");
}

void ScanWorkers::retire(size_t device, const Status& why) {
  if (retired_[device].exchange(true)) return;
  {
    const std::lock_guard lock(mutex_);
    failures_.push_back(why);
  }
  bell_.ring();
}

void ScanWorkers::record(const ScanBlock& block, ScoopScanner::Best best) {
  const PlotName& name = block.plot->name;
  block.counts->nonces += block.scoops.size() / kScoopBytes;
  block.counts->bytes += block.bytes_read;
  if (best.index != UINT64_MAX &&
      distrusted_.contains(block.plot->path, name.start + block.first + best.index))
    best = scan_scalar(block, distrusted_);
  if (best.index == UINT64_MAX) return;
  Deadline found;
  found.account_id = name.account_id;
  found.nonce = name.start + block.first + best.index;
  found.hit = best.hit;
  found.deadline = best.hit / block.job.round.base_target;
  found.file = block.plot->path;
  if (tally_.add(std::move(found))) bell_.ring();
}

}  // namespace quarry
