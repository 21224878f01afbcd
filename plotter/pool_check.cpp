#include "plotter/pool_check.h"

#include <algorithm>
#include <cstring>

#include "plotter/poc2.h"

namespace quarry {

Result<std::unique_ptr<PoolChecker>> PoolChecker::open() {
  QUARRY_ASSIGN(std::unique_ptr<Referee> referee, Referee::open());
  return std::unique_ptr<PoolChecker>(new PoolChecker(std::move(referee)));
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
    const auto count =
        static_cast<uint32_t>(std::min<uint64_t>(Referee::kMostNonces, samples - done));
    const NonceRange range = {account_id, start + index, count, step};
    QUARRY_ASSIGN(const std::span<const std::byte> expected, referee_->compute(range, cancel));
    for (uint64_t i = 0; i < count; i++)
      for (uint64_t scoop = 0; scoop < kScoopsPerNonce; scoop++)
        if (std::memcmp(expected.data() + scoop_offset(count, scoop, i),
                        block.data + scoop_offset(block.nonces, scoop, index + i * step),
                        kScoopBytes) != 0)
          return std::optional<uint64_t>(index + i * step);
    index += count * step;
    done += count;
  }
  return std::optional<uint64_t>();
}

}  // namespace quarry
