#include "base/secret.h"

#include <sodium.h>

#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "base/status.h"

namespace quarry {

Secret::Secret(size_t size_bytes) : size_(size_bytes) {
  QUARRY_CHECK(sodium_init() >= 0);
  // Locks its pages and has guard pages. It fails where RLIMIT_MEMLOCK is used
  // up only in the locking, which is an attempt, not a promise.
  memory_.reset(static_cast<std::byte*>(sodium_malloc(size_bytes)));
  QUARRY_CHECK(memory_ != nullptr);
  sodium_memzero(memory_.get(), size_);
}

Secret Secret::copy_of(std::span<const std::byte> bytes) {
  Secret secret(bytes.size());
  if (!bytes.empty()) std::memcpy(secret.memory_.get(), bytes.data(), bytes.size());
  return secret;
}

Secret Secret::copy_of(std::string_view text) { return copy_of(text_bytes(text)); }

Secret::Secret(Secret&& other) noexcept
    : memory_(std::move(other.memory_)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  memory_ = std::move(other.memory_);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

void Secret::Wipe::operator()(std::byte* memory) const { sodium_free(memory); }

void wipe(std::span<std::byte> memory) { sodium_memzero(memory.data(), memory.size()); }

bool equal_in_constant_time(std::span<const std::byte> a, std::span<const std::byte> b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace quarry
