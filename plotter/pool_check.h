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

 private:
  explicit PoolChecker(std::unique_ptr<Referee> referee)
      : referee_(std::move(referee)), random_(std::random_device{}()) {}
  std::unique_ptr<Referee> referee_;
  std::mt19937_64 random_;
};

}  // namespace quarry
