#include "plotter/nonce_checker.h"

namespace quarry {

Result<std::unique_ptr<NonceChecker>> NonceChecker::open(Device& device, uint32_t queue_index,
                                                         uint32_t batch) {
  QUARRY_ASSIGN(auto generator,
                NonceGenerator::open(device, {.queue_index = queue_index, .slot_nonces = batch}));
  return std::unique_ptr<NonceChecker>(new NonceChecker(std::move(generator)));
}

Status NonceChecker::compute(std::span<const NonceOfAccount> nonces, uint32_t scoop,
                             std::span<Scoop> scoops, const Cancel& cancel) {
  QUARRY_CHECK(scoop < kScoopsPerNonce && scoops.size() == nonces.size());
  QUARRY_TRY(generator_->compute(0, nonces, cancel));
  return generator_->deliver(0, {.data = std::as_writable_bytes(scoops).data(),
                                 .pitch_bytes = scoops.size_bytes(),
                                 .first_scoop = scoop,
                                 .scoops = 1});
}

}  // namespace quarry
