#include "plotter/referee.h"

#include <algorithm>

#include "plotter/poc2.h"

namespace quarry {

Result<std::unique_ptr<Referee>> Referee::open() {
  std::unique_ptr<Referee> referee(new Referee);
  QUARRY_ASSIGN(referee->device_, open_device("cpu"));
  QUARRY_ASSIGN(referee->generator_,
                NonceGenerator::open(*referee->device_, Device::kUnpinnedQueue, kMostNonces));
  QUARRY_ASSIGN(referee->memory_, HostMemory::allocate(kMostNonces * kNonceBytes));
  return referee;
}

Result<std::span<const std::byte>> Referee::compute(uint64_t account_id, uint64_t start,
                                                    uint32_t count, const Cancel& cancel) {
  QUARRY_CHECK(count <= kMostNonces);
  const ScoopBlock block = {memory_.data(), count, nullptr};
  for (uint32_t done = 0; done < count;) {
    NonceRange range;
    range.account_id = account_id;
    range.start = start + done;
    range.count = std::min(count - done, generator_->batch_nonces());
    QUARRY_TRY(generator_->generate(range, block, done, cancel));
    done += range.count;
  }
  return std::span<const std::byte>(memory_.bytes().first(count * kNonceBytes));
}

}  // namespace quarry
