#include "plotter/pool_check.h"

#include <algorithm>
#include <cstring>

#include "plotter/poc2.h"

namespace quarry {

Result<std::unique_ptr<PoolChecker>> PoolChecker::open() {
  QUARRY_ASSIGN(std::unique_ptr<Referee> referee, Referee::open());
  return std::unique_ptr<PoolChecker>(new PoolChecker(std::move(referee)));
}

PoolChecker::Samples PoolChecker::draw(uint64_t nonces, uint64_t count) {
  count = std::min(count, nonces);
  if (count == 0) return {};
  const uint64_t step = nonces / count;
  const uint64_t spare = nonces - (count - 1) * step;
  return {random_() % spare, step, count};
}

Result<std::optional<uint64_t>> PoolChecker::check(uint64_t account_id, uint64_t start,
                                                   const ScoopBlock& block, uint64_t samples,
                                                   const Cancel& cancel) {
  Samples left = draw(block.nonces, samples);
  while (left.count > 0) {
    expected_samples_ = left;
    expected_samples_.count = std::min<uint64_t>(Referee::kMostNonces, left.count);
    const NonceRange range = {account_id, start + left.first,
                              static_cast<uint32_t>(expected_samples_.count), left.step};
    QUARRY_ASSIGN(expected_, referee_->compute(range, cancel));
    if (const auto wrong = compare(rows_of(block, 0))) return wrong;
    left.first += expected_samples_.count * left.step;
    left.count -= expected_samples_.count;
  }
  return std::optional<uint64_t>();
}

Status PoolChecker::expect(uint64_t account_id, uint64_t start, uint64_t nonces,
                           const Cancel& cancel) {
  expected_samples_ = draw(nonces, kSamples);
  const NonceRange range = {account_id, start + expected_samples_.first,
                            static_cast<uint32_t>(expected_samples_.count), expected_samples_.step};
  QUARRY_ASSIGN(expected_, referee_->compute(range, cancel));
  return {};
}

std::optional<uint64_t> PoolChecker::compare(const ScoopRows& rows) const {
  const auto& [first, step, count] = expected_samples_;
  for (uint64_t i = 0; i < count; i++)
    for (uint64_t row = 0; row < rows.scoops; row++)
      if (std::memcmp(expected_.data() + scoop_offset(count, rows.first_scoop + row, i),
                      rows.data + row * rows.pitch_bytes + (first + i * step) * kScoopBytes,
                      kScoopBytes) != 0)
        return first + i * step;
  return std::nullopt;
}

}  // namespace quarry
