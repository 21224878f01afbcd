// Computes some nonces of a pool again on the CPU and compares every scoop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>

#include "base/status.h"
#include "host/cancel.h"
#include "plotter/generator.h"
#include "plotter/referee.h"

namespace quarry {

// Belongs to the thread that opened it.
class PoolChecker {
 public:
  static constexpr uint32_t kSamples = 16;

  static Result<std::unique_ptr<PoolChecker>> open();

  // Compares `samples` nonces of `block`, whose nonces are numbered from `start`
  // on: evenly spaced from a random one on, all of them if there are no more.
  // Gives the index of a nonce that is wrong, or nothing if all are right.
  Result<std::optional<uint64_t>> check(uint64_t account_id, uint64_t start,
                                        const ScoopBlock& block, uint64_t samples,
                                        const Cancel& cancel);

  // The same for a block of `nonces` that is seen some scoops at a time:
  // expect() computes kSamples nonces of it, compare() looks at them in rows
  // that begin with the block's first nonce.
  Status expect(uint64_t account_id, uint64_t start, uint64_t nonces, const Cancel& cancel);
  std::optional<uint64_t> compare(const ScoopRows& rows) const;

 private:
  explicit PoolChecker(std::unique_ptr<Referee> referee)
      : referee_(std::move(referee)), random_(std::random_device{}()) {}

  // Nonces of a block that are looked at: first, first + step, ...
  struct Samples {
    uint64_t first = 0;
    uint64_t step = 1;
    uint64_t count = 0;
  };
  Samples draw(uint64_t nonces, uint64_t count);

  std::unique_ptr<Referee> referee_;
  std::mt19937_64 random_;
  Samples expected_samples_;
  std::span<const std::byte> expected_;  // in scoop order; the referee's memory
};

}  // namespace quarry
