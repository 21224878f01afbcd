#include "plotter/pool_check.h"

#include <algorithm>
#include <cstring>

#include "plotter/poc2.h"

namespace quarry {

Result<std::unique_ptr<PoolChecker>> PoolChecker::open() {
  std::unique_ptr<PoolChecker> checker(new PoolChecker);
  QUARRY_ASSIGN(checker->device_, open_device("cpu"));
  QUARRY_ASSIGN(checker->generator_,
                NonceGenerator::open(*checker->device_, Device::kUnpinnedQueue, kSamples));
  QUARRY_ASSIGN(checker->expected_,
                HostMemory::allocate(checker->generator_->batch_nonces() * kNonceBytes));
  return checker;
}

Result<std::optional<uint64_t>> PoolChecker::check(uint64_t account_id, uint64_t start,
                                                   const ScoopBlock& block, uint64_t samples,
                                                   const Cancel& cancel) {
  samples = std::min(samples, block.nonces);
  if (samples == 0) return std::optional<uint64_t>();
  const uint64_t step = block.nonces / samples;
  const uint64_t spare = block.nonces - (samples - 1) * step;
  uint64_t index = random_() % spare;
  for (uint64_t done = 0; done < samples;) {
    const auto count = static_cast<uint32_t>(
        std::min<uint64_t>(generator_->batch_nonces(), samples - done));
    const NonceRange range = {account_id, start + index, count, step};
    const ScoopBlock expected = {expected_.data(), count, nullptr};
    QUARRY_TRY(generator_->generate(range, expected, 0, cancel));
    for (uint64_t i = 0; i < count; i++)
      for (uint64_t scoop = 0; scoop < kScoopsPerNonce; scoop++)
        if (std::memcmp(expected.data + scoop_offset(count, scoop, i),
                        block.data + scoop_offset(block.nonces, scoop, index + i * step),
                        kScoopBytes) != 0)
          return std::optional<uint64_t>(index + i * step);
    index += count * step;
    done += count;
  }
  return std::optional<uint64_t>();
}

}  // namespace quarry
