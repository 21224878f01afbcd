#include "plotter/generator.h"

#include <algorithm>
#include <chrono>

#include "kernels/plot_constants.h"
#include "plotter/poc2.h"

namespace quarry {
namespace {

// Seconds of one launch: long enough to hide it, short enough for a prompt answer
// to Ctrl-C, for a display that waits its turn, and for the watchdog of its driver.
double launch_seconds(const DeviceInfo& info) {
  if (info.has_watchdog) return 0.075;
  return info.shares_host_memory ? 0.2 : 0.5;
}

// Multipliers of plot_main: at run time, or the compiler makes shifts of them.
constexpr uint32_t kTwo = 2, kTwoTo15 = 1 << 15;

constexpr uint64_t kFinalBytes = 32;
constexpr uint64_t kSeedBytes = 16;
// Of one lane: enough for the bus, and not much beside a slot.
constexpr uint64_t kStagingBytes = uint64_t{32} << 20;
constexpr uint64_t kStagingRows = kScoopsPerNonce / 4;

// What a driver and other programs need of a device's memory.
constexpr uint64_t kReserveBytes = uint64_t{512} << 20;

PlotKernel kernel_of(const Device& device, const GeneratorOptions& options) {
  return options.kernel ? *options.kernel : choose_plot_kernel(device.info());
}

uint64_t round_up(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

// Bytes that may be taken of a device; 0 if nobody knows.
uint64_t usable_bytes(const Device& device) {
  const uint64_t free = device.free_bytes();
  const uint64_t reserve = std::max(kReserveBytes, device.info().memory_bytes / 20);
  return free - std::min(reserve, free / 4);
}

uint64_t largest_buffer(const DeviceInfo& info) {
  return info.max_buffer_bytes > 0 ? info.max_buffer_bytes : UINT64_MAX;
}

uint64_t staging_bytes(uint64_t nonces) {
  const uint64_t row_bytes = nonces * kScoopBytes;
  return row_bytes * std::clamp<uint64_t>(kStagingBytes / row_bytes, 1, kStagingRows);
}

// The buffer `seeds` of kernels/plot.h.
std::vector<uint32_t> seeds_of(std::span<const NonceOfAccount> nonces, const DeviceInfo& info) {
  constexpr size_t kWords = kSeedBytes / sizeof(uint32_t);
  const size_t lanes = info.interleave, part = info.lane_words;
  std::vector<uint32_t> seeds(round_up(nonces.size(), lanes) * kWords);
  for (size_t n = 0; n < nonces.size(); n++)
    for (size_t w = 0; w < kWords; w++) {
      const uint64_t value = w < 2 ? nonces[n].account_id : nonces[n].nonce;
      const auto half = static_cast<uint32_t>(w % 2 == 0 ? value >> 32 : value);
      seeds[n / lanes * lanes * kWords + w / part * part * lanes + n % lanes * part + w % part] =
          __builtin_bswap32(half);
    }
  return seeds;
}

// Most nonces of each slot in `bytes`, with their finals and staging.
uint64_t nonces_in(uint64_t bytes, uint32_t slots) {
  constexpr uint64_t kEach = kNonceBytes + kFinalBytes;
  const uint64_t share = bytes / slots;
  const uint64_t few = share / (kEach + 2 * kStagingRows * kScoopBytes);
  const uint64_t many = (share - std::min(share, 2 * kStagingBytes)) / kEach;
  return std::max(few, many);
}

}  // namespace

ScoopRows rows_of(const ScoopBlock& block, uint64_t first) {
  return {.data = block.data + first * kScoopBytes,
          .pitch_bytes = block.nonces * kScoopBytes,
          .first_scoop = 0,
          .scoops = kScoopsPerNonce,
          .wrapped = block.wrapped,
          .wrapped_offset = first * kScoopBytes};
}

NonceGenerator::NonceGenerator(Device& device, std::unique_ptr<Queue> queue,
                               const GeneratorOptions& options)
    : device_(device),
      queue_(std::move(queue)),
      kernel_(kernel_of(device, options)),
      pace_(options.pace),
      launch_seconds_(launch_seconds(device.info())),
      wave_nonces_(quarry::wave_nonces(device.info(), kernel_)) {}

uint64_t NonceGenerator::fitting_nonces(const Device& device, const GeneratorOptions& options) {
  const DeviceInfo& info = device.info();
  const uint64_t wave = quarry::wave_nonces(info, kernel_of(device, options));
  uint64_t bytes = info.shares_host_memory ? 0 : usable_bytes(device);
  if (options.memory_bytes > 0)
    bytes = bytes > 0 ? std::min(bytes, options.memory_bytes) : options.memory_bytes;
  const uint64_t wanted =
      options.slot_nonces > 0 ? round_up(options.slot_nonces, info.interleave) : wave;
  const uint64_t room = bytes > 0 ? nonces_in(bytes, options.slots) : UINT64_MAX;
  if (room >= wanted) return wanted;
  const uint64_t unit = room >= wave ? wave : info.interleave;
  return std::max<uint64_t>(room / unit * unit, info.interleave);
}

Result<std::unique_ptr<NonceGenerator>> NonceGenerator::open(Device& device,
                                                             const GeneratorOptions& options) {
  QUARRY_ASSIGN(std::unique_ptr<Queue> queue, device.open_queue(options.queue_index));
  std::unique_ptr<NonceGenerator> generator(new NonceGenerator(device, std::move(queue), options));
  const DeviceInfo& info = device.info();
  uint64_t nonces = fitting_nonces(device, options);
  while (true) {
    const Status status = generator->allocate(options.slots, nonces);
    if (status.ok()) return generator;
    if (status.code() != Code::kOutOfMemory || nonces == info.interleave)
      return status.with_context(info.id);
    nonces = round_up(nonces / 2, info.interleave);
  }
}

Status NonceGenerator::allocate(uint32_t slots, uint64_t nonces) {
  slots_.clear();
  for (uint32_t i = 0; i < slots; i++) QUARRY_TRY(allocate_slot(slots_.emplace_back(), nonces));
  batch_nonces_ = static_cast<uint32_t>(nonces);
  return {};
}

Status NonceGenerator::allocate_slot(Slot& slot, uint64_t nonces) {
  const DeviceInfo& info = device_.info();
  const uint64_t most_in_chunk = std::min(
      largest_buffer(info) / kNonceBytes / info.interleave * info.interleave, wave_nonces_);
  if (most_in_chunk == 0)
    return {Code::kOutOfMemory,
            "its largest buffer has no room for " + std::to_string(info.interleave) + " nonces"};
  for (uint64_t left = nonces; left > 0;) {
    Chunk chunk;
    chunk.nonces = static_cast<uint32_t>(std::min(left, most_in_chunk));
    QUARRY_ASSIGN(chunk.hashes, device_.allocate(chunk.nonces * kNonceBytes));
    QUARRY_ASSIGN(chunk.finals, device_.allocate(chunk.nonces * kFinalBytes));
    left -= chunk.nonces;
    slot.chunks.push_back(std::move(chunk));
  }
  // Where memory is shared, copies are rare.
  return info.shares_host_memory ? Status() : open_lanes(slot, nonces);
}

Status NonceGenerator::open_lanes(Slot& slot, uint64_t nonces) {
  const uint64_t row_bytes = nonces * kScoopBytes;
  const uint64_t size = std::min(staging_bytes(nonces), largest_buffer(device_.info()));
  for (Lane& lane : slot.lanes) {
    QUARRY_ASSIGN(lane.queue, device_.open_queue(Device::kUnpinnedQueue, QueuePriority::kHigh));
    QUARRY_ASSIGN(lane.staging, device_.allocate(std::max(size, row_bytes)));
  }
  return {};
}

Status NonceGenerator::launch_hashes(const Chunk& chunk, const NonceRange& range, uint32_t first,
                                     uint32_t last) {
  if (first < PLOT_WINDOW || kernel_.name == "plot_hashes") {
    const Argument arguments[] = {
        *chunk.hashes, range.account_id, range.start, range.step, range.count, first, last};
    return queue_->launch("plot_hashes", {.items = range.count}, arguments);
  }
  const Grid grid = {.items = range.count,
                     .group_size = kernel_.group_size,
                     .group_memory_bytes = group_memory_of(kernel_)};
  const Argument arguments[] = {*chunk.hashes,       range.count, first,   last,
                                kernel_.ring_hashes, kTwo,        kTwoTo15};
  return queue_->launch(kernel_.name, grid, arguments);
}

// Seconds that the hashes took.
Result<double> NonceGenerator::run_hashes(const Chunk& chunk, const NonceRange& range,
                                          uint32_t first, uint32_t last, const Cancel& cancel) {
  QUARRY_TRY(cancel.status());
  if (pace_ != nullptr) QUARRY_TRY(pace_->before_launch(cancel));
  const auto begin = std::chrono::steady_clock::now();
  QUARRY_TRY(launch_hashes(chunk, range, first, last));
  QUARRY_TRY(queue_->wait());
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  if (pace_ != nullptr) pace_->after_launch(time.count());
  // The first hashes are shorter than the rest, so they say little.
  if (first >= PLOT_WINDOW) {
    const double fit = (last - first) * launch_seconds_ / std::max(time.count(), 1e-6);
    hashes_per_launch_ =
        static_cast<uint32_t>(std::clamp(fit, hashes_per_launch_ / 2.0, hashes_per_launch_ * 2.0));
    hashes_per_launch_ = std::clamp<uint32_t>(hashes_per_launch_, 16, PLOT_HASHES);
  }
  return time.count();
}

// Hashes first_hash ... of the nonces, in launches that are short enough.
Status NonceGenerator::compute_hashes(const Chunk& chunk, const NonceRange& range,
                                      uint32_t first_hash, uint32_t last_hash,
                                      const Cancel& cancel) {
  while (first_hash < last_hash) {
    const uint32_t end = std::min(last_hash, first_hash + hashes_per_launch_);
    QUARRY_TRY(run_hashes(chunk, range, first_hash, end, cancel).status());
    first_hash = end;
  }
  return {};
}

Status NonceGenerator::compute_chunk(const Chunk& chunk, const NonceRange& range,
                                     const Cancel& cancel) {
  // Those with short windows have a kernel of their own.
  QUARRY_TRY(compute_hashes(chunk, range, 0, PLOT_WINDOW, cancel));
  QUARRY_TRY(compute_hashes(chunk, range, PLOT_WINDOW, PLOT_HASHES, cancel));
  const Argument arguments[] = {*chunk.hashes, *chunk.finals, range.account_id,
                                range.start,   range.step,    range.count};
  return queue_->launch("plot_final", {.items = range.count}, arguments);
}

Status NonceGenerator::compute_chunk(Chunk& chunk, std::span<const NonceOfAccount> nonces,
                                     const Cancel& cancel) {
  const auto count = static_cast<uint32_t>(nonces.size());
  if (chunk.seeds == nullptr) {
    QUARRY_ASSIGN(chunk.seeds, device_.allocate(chunk.nonces * kSeedBytes));
  }
  seeds_ = seeds_of(nonces, device_.info());
  QUARRY_TRY(queue_->write(*chunk.seeds, 0, std::as_bytes(std::span(seeds_))));
  const Argument first[] = {*chunk.hashes, *chunk.seeds, count};
  QUARRY_TRY(queue_->launch("plot_seeded_hashes", {.items = count}, first));
  QUARRY_TRY(queue_->wait());  // the next seeds take the place of these
  NonceRange range;            // of which these hashes need no more
  range.count = count;
  QUARRY_TRY(compute_hashes(chunk, range, PLOT_WINDOW, PLOT_HASHES, cancel));
  const Argument last[] = {*chunk.hashes, *chunk.seeds, *chunk.finals, count};
  return queue_->launch("plot_seeded_final", {.items = count}, last);
}

Result<double> NonceGenerator::measure(double seconds, const Cancel& cancel) {
  const Chunk& chunk = slots_[0].chunks[0];
  NonceRange range;
  range.count = chunk.nonces;
  double elapsed = 0;
  uint64_t hashes = 0;
  while (elapsed < seconds) {
    const uint32_t first = PLOT_WINDOW;
    const uint32_t last = std::min(PLOT_HASHES, first + hashes_per_launch_);
    QUARRY_ASSIGN(const double time, run_hashes(chunk, range, first, last, cancel));
    elapsed += time;
    hashes += last - first;
  }
  return static_cast<double>(hashes * range.count) / PLOT_HASHES / elapsed;
}

Status NonceGenerator::compute(uint32_t slot_index, const NonceRange& range, const Cancel& cancel) {
  Slot& slot = slots_[slot_index];
  QUARRY_CHECK(range.count <= batch_nonces_);
  slot.nonces = range.count;
  uint32_t done = 0;
  for (const Chunk& chunk : slot.chunks) {
    if (done == range.count) break;
    NonceRange part = range;
    part.start = range.start + done * range.step;
    part.count = std::min(range.count - done, chunk.nonces);
    QUARRY_TRY(compute_chunk(chunk, part, cancel));
    done += part.count;
  }
  return queue_->wait();
}

Status NonceGenerator::compute(uint32_t slot_index, std::span<const NonceOfAccount> nonces,
                               const Cancel& cancel) {
  Slot& slot = slots_[slot_index];
  QUARRY_CHECK(nonces.size() <= batch_nonces_);
  slot.nonces = static_cast<uint32_t>(nonces.size());
  for (Chunk& chunk : slot.chunks) {
    const auto part = nonces.first(std::min<size_t>(nonces.size(), chunk.nonces));
    if (part.empty()) break;
    QUARRY_TRY(compute_chunk(chunk, part, cancel));
    nonces = nonces.subspan(part.size());
  }
  return queue_->wait();
}

// Writes scoops of all nonces of the slot to `out`, each chunk behind the one
// before it.
Status NonceGenerator::launch_scoops(Queue& queue, const Slot& slot, Buffer& out,
                                     uint64_t first_word, uint64_t row_words,
                                     const ScoopRows& rows) {
  uint32_t done = 0;
  for (const Chunk& chunk : slot.chunks) {
    const uint32_t count = std::min(slot.nonces - done, chunk.nonces);
    if (count == 0) break;
    const uint64_t word = first_word + uint64_t{done} * (kScoopBytes / 4);
    // Items of one launch are numbered with 32 bits.
    const uint32_t most = UINT32_MAX / count;
    for (uint32_t row = 0; row < rows.scoops; row += std::min(most, rows.scoops - row)) {
      const uint32_t scoops = std::min(most, rows.scoops - row);
      const Argument arguments[] = {*chunk.hashes,          *chunk.finals, out,
                                    word + row * row_words, row_words,     count,
                                    rows.first_scoop + row, scoops};
      QUARRY_TRY(queue.launch("plot_scoops", {.items = scoops * count}, arguments));
    }
    done += count;
  }
  return {};
}

Status NonceGenerator::deliver_in_place(const Slot& slot, const ScoopRows& rows) {
  QUARRY_TRY(launch_scoops(*queue_, slot, *rows.wrapped, rows.wrapped_offset / 4,
                           rows.pitch_bytes / 4, rows));
  return queue_->wait();
}

// Nothing is on its way to the caller's memory when it returns, whatever it returns.
Status NonceGenerator::deliver_by_copy(Slot& slot, const ScoopRows& rows) {
  Status status = start_copies(slot, rows);
  for (Lane& lane : slot.lanes) {
    Status waited = lane.queue->wait();
    if (status.ok()) status = std::move(waited);
  }
  return status;
}

Status NonceGenerator::start_copies(Slot& slot, const ScoopRows& rows) {
  const uint64_t row_bytes = uint64_t{slot.nonces} * kScoopBytes;
  uint32_t done = 0;
  for (size_t turn = 0; done < rows.scoops; turn++) {
    Lane& lane = slot.lanes[turn % slot.lanes.size()];
    // Never more than both lanes hold: a wait of many seconds looks like a hung device.
    if (turn >= slot.lanes.size()) QUARRY_TRY(lane.queue->wait());
    ScoopRows part = rows;
    part.first_scoop = rows.first_scoop + done;
    part.scoops = static_cast<uint32_t>(
        std::min<uint64_t>(lane.staging->size_bytes() / row_bytes, rows.scoops - done));
    QUARRY_TRY(launch_scoops(*lane.queue, slot, *lane.staging, 0, row_bytes / 4, part));
    const Rows copy = {.buffer_offset = 0,
                       .buffer_pitch = row_bytes,
                       .host_pitch = rows.pitch_bytes,
                       .row_bytes = row_bytes,
                       .rows = part.scoops};
    QUARRY_TRY(lane.queue->read_rows(*lane.staging, copy, rows.data + done * rows.pitch_bytes));
    done += part.scoops;
  }
  return {};
}

Status NonceGenerator::deliver(uint32_t slot_index, const ScoopRows& rows) {
  Slot& slot = slots_[slot_index];
  if (slot.nonces == 0) return {};
  if (device_.info().shares_host_memory) {
    if (rows.wrapped != nullptr) return deliver_in_place(slot, rows);
    if (slot.lanes[0].queue == nullptr) QUARRY_TRY(open_lanes(slot, batch_nonces_));
  }
  return deliver_by_copy(slot, rows);
}

Status NonceGenerator::generate(const NonceRange& range, const ScoopBlock& target, uint64_t first,
                                const Cancel& cancel) {
  QUARRY_CHECK(first + range.count <= target.nonces);
  QUARRY_TRY(compute(0, range, cancel));
  return deliver(0, rows_of(target, first));
}

}  // namespace quarry
