#include "plotter/referee.h"

#include <algorithm>

#include "plotter/poc2.h"

namespace quarry {

Result<std::unique_ptr<Referee>> Referee::open() {
  std::unique_ptr<Referee> referee(new Referee);
  QUARRY_ASSIGN(referee->device_, open_device("cpu"));
  QUARRY_ASSIGN(referee->generator_,
                NonceGenerator::open(*referee->device_, {.queue_index = Device::kUnpinnedQueue,
                                                         .slot_nonces = kMostNonces}));
  QUARRY_ASSIGN(referee->memory_, HostMemory::allocate(kMostNonces * kNonceBytes));
  return referee;
}

Result<std::span<const std::byte>> Referee::compute(const NonceRange& range, const Cancel& cancel) {
  QUARRY_CHECK(range.count <= kMostNonces);
  const ScoopBlock block = {memory_.data(), range.count, nullptr};
  for (uint32_t done = 0; done < range.count;) {
    NonceRange part = range;
    part.start += done * range.step;
    part.count = std::min(range.count - done, generator_->batch_nonces());
    QUARRY_TRY(generator_->generate(part, block, done, cancel));
    done += part.count;
  }
  return std::span<const std::byte>(memory_.bytes().first(range.count * kNonceBytes));
}

}  // namespace quarry
