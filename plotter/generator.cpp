#include "plotter/generator.h"

#include <algorithm>
#include <chrono>

#include "kernels/plot_constants.h"
#include "plotter/poc2.h"

namespace quarry {
namespace {

// Long enough to hide a launch, short enough for the watchdog of a graphics
// driver and for a prompt answer to Ctrl-C.
constexpr double kLaunchSeconds = 0.2;

constexpr uint64_t kStagingBytes = uint64_t{32} << 20;
constexpr uint64_t kFinalBytes = 32;

uint64_t round_up(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

}  // namespace

Result<std::unique_ptr<NonceGenerator>> NonceGenerator::open(Device& device, uint32_t queue_index,
                                                             uint32_t nonces) {
  QUARRY_ASSIGN(std::unique_ptr<Queue> queue, device.open_queue(queue_index));
  std::unique_ptr<NonceGenerator> generator(new NonceGenerator(device, std::move(queue)));
  const uint32_t interleave = device.info().interleave;
  for (auto wanted = static_cast<uint32_t>(round_up(std::max(nonces, 1u), interleave));;
       wanted = static_cast<uint32_t>(round_up(wanted / 2, interleave))) {
    Status status = generator->allocate(wanted);
    if (status.ok()) return generator;
    if (status.code() != Code::kOutOfMemory || wanted == interleave)
      return status.with_context(device.info().id);
  }
}

Status NonceGenerator::allocate(uint32_t nonces) {
  chunks_.clear();
  staging_.reset();
  const DeviceInfo& info = device_.info();
  const uint64_t largest = info.max_buffer_bytes > 0 ? info.max_buffer_bytes : UINT64_MAX;
  const uint64_t most_in_chunk = largest / kNonceBytes / info.interleave * info.interleave;
  if (most_in_chunk == 0)
    return {Code::kOutOfMemory,
            "its largest buffer has no room for " + std::to_string(info.interleave) + " nonces"};
  for (uint32_t left = nonces; left > 0;) {
    Chunk chunk;
    chunk.nonces = static_cast<uint32_t>(std::min<uint64_t>(left, most_in_chunk));
    QUARRY_ASSIGN(chunk.hashes, device_.allocate(chunk.nonces * kNonceBytes));
    QUARRY_ASSIGN(chunk.finals, device_.allocate(chunk.nonces * kFinalBytes));
    left -= chunk.nonces;
    chunks_.push_back(std::move(chunk));
  }
  if (!info.shares_host_memory) {
    const uint64_t row_bytes = uint64_t{chunks_[0].nonces} * kScoopBytes;
    const uint64_t rows = std::clamp<uint64_t>(kStagingBytes / row_bytes, 1, kScoopsPerNonce);
    QUARRY_ASSIGN(staging_, device_.allocate(rows * row_bytes));
  }
  batch_nonces_ = nonces;
  return {};
}

Status NonceGenerator::launch(std::string_view kernel, uint64_t items,
                              std::span<const Argument> arguments) {
  return queue_->launch(kernel, {.items = static_cast<uint32_t>(items)}, arguments);
}

Status NonceGenerator::compute_hashes(Chunk& chunk, const NonceRange& range, const Cancel& cancel) {
  for (uint32_t hash = 0; hash < PLOT_HASHES;) {
    QUARRY_TRY(cancel.status());
    const uint32_t end = std::min(PLOT_HASHES, hash + hashes_per_launch_);
    const auto begin = std::chrono::steady_clock::now();
    const Argument arguments[] = {
        *chunk.hashes, range.account_id, range.start, range.step, range.count, hash, end};
    QUARRY_TRY(launch("plot_hashes", range.count, arguments));
    QUARRY_TRY(queue_->wait());
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    // The first hashes are shorter than the rest, so they say little.
    if (hash >= PLOT_WINDOW) {
      const double fit = (end - hash) * kLaunchSeconds / std::max(time.count(), 1e-6);
      hashes_per_launch_ = static_cast<uint32_t>(
          std::clamp(fit, hashes_per_launch_ / 2.0, hashes_per_launch_ * 2.0));
      hashes_per_launch_ = std::clamp<uint32_t>(hashes_per_launch_, 16, PLOT_HASHES);
    }
    hash = end;
  }
  const Argument arguments[] = {*chunk.hashes, *chunk.finals, range.account_id,
                                range.start,   range.step,    range.count};
  return launch("plot_final", range.count, arguments);
}

Status NonceGenerator::deliver(Chunk& chunk, uint32_t count, const ScoopBlock& target,
                               uint64_t first) {
  const bool in_place = target.wrapped != nullptr && device_.info().shares_host_memory;
  const uint64_t row_bytes = uint64_t{count} * kScoopBytes;
  const uint64_t pitch = target.nonces * kScoopBytes;
  uint64_t rows = in_place ? kScoopsPerNonce : 0;
  if (!in_place) {
    if (staging_ == nullptr) {
      QUARRY_ASSIGN(staging_, device_.allocate(kScoopsPerNonce * chunks_[0].nonces * kScoopBytes));
    }
    rows = std::min(kScoopsPerNonce, staging_->size_bytes() / row_bytes);
  }
  // Items of one launch are numbered with 32 bits.
  rows = std::min<uint64_t>(rows, UINT32_MAX / count);
  for (uint64_t scoop = 0; scoop < kScoopsPerNonce; scoop += rows) {
    const auto slice = static_cast<uint32_t>(std::min(rows, kScoopsPerNonce - scoop));
    const uint64_t first_word = in_place ? (scoop * pitch + first * kScoopBytes) / 4 : 0;
    const uint64_t row_words = (in_place ? pitch : row_bytes) / 4;
    const Argument arguments[] = {
        *chunk.hashes, *chunk.finals, in_place ? *target.wrapped : *staging_, first_word,
        row_words,     count,         static_cast<uint32_t>(scoop),           slice};
    QUARRY_TRY(launch("plot_scoops", uint64_t{slice} * count, arguments));
    if (!in_place) {
      const Rows copy = {.buffer_offset = 0,
                         .buffer_pitch = row_bytes,
                         .host_pitch = pitch,
                         .row_bytes = row_bytes,
                         .rows = slice};
      QUARRY_TRY(
          queue_->read_rows(*staging_, copy, target.data + scoop * pitch + first * kScoopBytes));
    }
  }
  return queue_->wait();
}

Status NonceGenerator::generate(const NonceRange& range, const ScoopBlock& target, uint64_t first,
                                const Cancel& cancel) {
  QUARRY_CHECK(range.count <= batch_nonces_ && first + range.count <= target.nonces);
  uint32_t done = 0;
  for (Chunk& chunk : chunks_) {
    if (done == range.count) break;
    NonceRange part = range;
    part.start = range.start + done * range.step;
    part.count = std::min(range.count - done, chunk.nonces);
    QUARRY_TRY(compute_hashes(chunk, part, cancel));
    QUARRY_TRY(deliver(chunk, part.count, target, first + done));
    done += part.count;
  }
  return {};
}

}  // namespace quarry
