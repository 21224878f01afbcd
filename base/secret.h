// Memory for secrets: keys, passphrases, passwords.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace quarry {

// Bytes that are kept out of swap and core dumps where the system allows it,
// stand between guard pages, and are wiped when they go. Never copied silently:
// a Secret can only be moved, or copied by name. An instance belongs to one
// thread at a time; reading by several is safe.
class Secret {
 public:
  Secret() = default;
  explicit Secret(size_t size_bytes);  // zeros
  static Secret copy_of(std::span<const std::byte> bytes);
  static Secret copy_of(std::string_view text);

  Secret(Secret&& other) noexcept;  // `other` is empty then
  Secret& operator=(Secret&& other) noexcept;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::span<std::byte> bytes() { return {memory_.get(), size_}; }
  std::span<const std::byte> bytes() const { return {memory_.get(), size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(memory_.get()), size_}; }

 private:
  struct Wipe {
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte[], Wipe> memory_;
  size_t size_ = 0;
};

// Overwrites memory that held a secret, in a way that no compiler leaves out.
void wipe(std::span<std::byte> memory);

// True if both are equal; takes the same time wherever they differ.
bool equal_in_constant_time(std::span<const std::byte> a, std::span<const std::byte> b);

}  // namespace quarry
