// How much an address may ask for: a token bucket for each.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

#include "host/clock.h"

namespace quarry::pool {

// What one customer cannot change at will: an IPv6 address is its network of 64 bits,
// "2001:db8:1:2::/64"; others are themselves.
std::string customer_of(const std::string& address);

struct LimitOptions {
  double tokens_per_second = 100;
  double most_tokens = 1000;       // at first, and after a while of silence
  size_t most_addresses = 10'000;  // that are remembered; others wait for their turn
};

// Any thread.
class Limits {
 public:
  // `clock` outlives it.
  Limits(const LimitOptions& options, Clock& clock) : options_(options), clock_(clock) {}

  // Takes the cost of a request, in tokens; false, and nothing is taken, if the address
  // has not so many. Those of one customer_of() count as one. When the table is full of addresses
  // that asked lately, new ones are refused.
  bool take(const std::string& address, double cost);

 private:
  struct Bucket {
    double tokens = 0;
    Clock::Time at{};
  };
  double tokens_at(const Bucket& bucket, Clock::Time now) const;
  void forget_full(Clock::Time now);

  const LimitOptions options_;
  Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
  Clock::Time next_sweep_{};
};

}  // namespace quarry::pool
