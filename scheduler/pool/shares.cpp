#include "scheduler/pool/shares.h"

#include <algorithm>
#include <cmath>

#include "base/status.h"

namespace quarry::pool {
namespace {

constexpr double kTwo64 = 0x1p64;
constexpr double kLimitOfExpected = 0.25;  // of the expected best hit
constexpr double kNewcomerLimitOfExpected = 4;
constexpr double kMostWeight = 0x1p53;
constexpr double kWeightUnits = 16;  // per nonce and round: small plots are not all alike
constexpr uint32_t kMillion = 1'000'000;

}  // namespace

double estimated_nonces(const Tally& tally) {
  // A best hit of 0 alone would make a plot without end.
  return tally.successes == 0 ? 0 : tally.successes / std::max(tally.exposure, 1 / kTwo64);
}

uint64_t hit_limit(const Tally& past, uint64_t most) {
  if (past.successes == 0) return most;
  const double part =
      past.successes < kNewcomerSuccesses ? kNewcomerLimitOfExpected : kLimitOfExpected;
  const double limit = part * kTwo64 / estimated_nonces(past);
  return limit >= static_cast<double>(most) ? most
                                            : std::max<uint64_t>(static_cast<uint64_t>(limit), 1);
}

Score score_round(std::optional<uint64_t> hit, uint64_t limit) {
  const bool success = hit && *hit < limit;
  return {success, static_cast<double>(success ? *hit : limit) / kTwo64};
}

uint64_t weight_of(const Tally& tally) {
  const double weight = estimated_nonces(tally) * tally.rounds * kWeightUnits;
  return static_cast<uint64_t>(std::min(weight, kMostWeight));
}

Split split_reward(uint64_t planck, std::span<const uint64_t> weights) {
  unsigned __int128 sum = 0;
  for (const uint64_t weight : weights) sum += weight;
  Split split{std::vector<uint64_t>(weights.size()), planck};
  if (sum == 0) return split;
  for (size_t i = 0; i < weights.size(); i++) {
    const unsigned __int128 product = static_cast<unsigned __int128>(planck) * weights[i];
    split.amounts[i] = static_cast<uint64_t>(product / sum);
    split.remainder -= split.amounts[i];
  }
  return split;
}

uint64_t fee_of(uint64_t reward_planck, uint32_t fee_ppm) {
  QUARRY_CHECK(fee_ppm <= kMillion);
  return static_cast<uint64_t>(static_cast<unsigned __int128>(reward_planck) * fee_ppm / kMillion);
}

}  // namespace quarry::pool
