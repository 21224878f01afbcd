#include "scheduler/pool/limits.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace quarry::pool {
namespace {

constexpr size_t kNetworkBytes = 8;
constexpr std::chrono::seconds kSweepEvery{1};

}  // namespace

std::string customer_of(const std::string& address) {
  in6_addr bytes{};
  if (inet_pton(AF_INET6, address.c_str(), &bytes) != 1) return address;
  std::fill(std::begin(bytes.s6_addr) + kNetworkBytes, std::end(bytes.s6_addr), uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, &bytes, text.data(), text.size());
  return std::string(text.data()) + "/64";
}

double Limits::tokens_at(const Bucket& bucket, Clock::Time now) const {
  const double seconds = std::chrono::duration<double>(now - bucket.at).count();
  return std::min(bucket.tokens + seconds * options_.tokens_per_second, options_.most_tokens);
}

bool Limits::take(const std::string& address, double cost) {
  const Clock::Time now = clock_.now();
  const std::lock_guard lock(mutex_);
  std::string customer = customer_of(address);
  auto found = buckets_.find(customer);
  if (found == buckets_.end()) {
    if (buckets_.size() >= options_.most_addresses) forget_full(now);
    if (buckets_.size() >= options_.most_addresses) return false;
    found = buckets_.try_emplace(std::move(customer), Bucket{options_.most_tokens, now}).first;
  }
  Bucket& bucket = found->second;
  bucket = {tokens_at(bucket, now), now};
  if (bucket.tokens < cost) return false;
  bucket.tokens -= cost;
  return true;
}

// A full bucket is as good as none. Looking at all of them must not be what a flood of
// addresses brings about.
void Limits::forget_full(Clock::Time now) {
  if (now < next_sweep_) return;
  next_sweep_ = now + kSweepEvery;
  std::erase_if(buckets_, [&](const auto& entry) {
    return tokens_at(entry.second, now) >= options_.most_tokens;
  });
}

}  // namespace quarry::pool
