#include "base/shabal256.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace quarry {
namespace {

static_assert(std::endian::native == std::endian::little, "words are loaded as they lie");

// The state after the two blocks that say how long the digest is.
constexpr std::array<uint32_t, 12> kA = {0x52f84552, 0xe54b7999, 0x2d8ee3ec, 0xb9645191,
                                         0xe0078b86, 0xbb7c44c9, 0xd2b5c1ca, 0xb0d2eb8c,
                                         0x14ce5a45, 0x22af50dc, 0xeffdbc6b, 0xeb21b74a};
constexpr std::array<uint32_t, 16> kB = {
    0xb555c6ee, 0x3e710596, 0xa72a652f, 0x9301515f, 0xda28c1fa, 0x696fd868, 0x9cb6bf72, 0x0afe4002,
    0xa6e03615, 0x5138c1d4, 0xbe216306, 0xb38b8890, 0x3ea8b96b, 0x3299ace4, 0x30924dd4, 0x55cb34a5};
constexpr std::array<uint32_t, 16> kC = {
    0xb405f031, 0xc4233eba, 0xb3733979, 0xc0dd9d55, 0xc51c28ae, 0xa327b8e1, 0x56c56167, 0xed614433,
    0x88b59d60, 0x60e2ceba, 0x758b4b8b, 0x83e82a7f, 0xbc968828, 0xe6e00bf7, 0xba839e55, 0x9b491c60};

uint32_t word_at(const std::array<std::byte, 64>& block, size_t index) {
  uint32_t word;
  std::memcpy(&word, block.data() + 4 * index, sizeof word);
  return word;
}

}  // namespace

Shabal256::Shabal256() : a_(kA), b_(kB), c_(kC) {}

// Unrolled, so that every index is a constant, and on copies, so that the compiler
// may keep words in registers: a chain of hashes runs about twice as fast.
void Shabal256::permute() {
  std::array<uint32_t, 12> a = a_;
  std::array<uint32_t, 16> b = b_, m;
  const std::array<uint32_t, 16> c = c_;
  for (size_t i = 0; i < 16; i++) m[i] = word_at(block_, i);
  a[0] ^= static_cast<uint32_t>(counter_);
  a[1] ^= static_cast<uint32_t>(counter_ >> 32);
  for (uint32_t& word : b) word = std::rotl(word, 17);
#pragma GCC unroll 48
  for (size_t j = 0; j < 48; j++) {
    const size_t i = j % 16;
    uint32_t& word = a[j % 12];
    word = (word ^ std::rotl(a[(j + 11) % 12], 15) * 5 ^ c[(24 - i) % 16]) * 3;
    word ^= b[(i + 13) % 16] ^ (b[(i + 9) % 16] & ~b[(i + 6) % 16]) ^ m[i];
    b[i] = ~(std::rotl(b[i], 1) ^ word);
  }
#pragma GCC unroll 36
  for (size_t j = 0; j < 36; j++) a[11 - j % 12] += c[(54 - j) % 16];
  a_ = a;
  b_ = b;
}

void Shabal256::swap_roles() { std::swap(b_, c_); }

void Shabal256::absorb() {
  for (size_t i = 0; i < 16; i++) b_[i] += word_at(block_, i);
  permute();
  for (size_t i = 0; i < 16; i++) c_[i] -= word_at(block_, i);
  swap_roles();
  counter_++;
}

void Shabal256::update(std::span<const std::byte> data) {
  while (!data.empty()) {
    const size_t part = std::min(data.size(), block_.size() - filled_);
    std::memcpy(block_.data() + filled_, data.data(), part);
    filled_ += part;
    data = data.subspan(part);
    if (filled_ == block_.size()) {
      absorb();
      filled_ = 0;
    }
  }
}

std::array<std::byte, 32> Shabal256::digest() {
  block_[filled_] = std::byte{0x80};
  std::fill(block_.begin() + static_cast<std::ptrdiff_t>(filled_) + 1, block_.end(), std::byte{});
  for (size_t i = 0; i < 16; i++) b_[i] += word_at(block_, i);
  permute();
  for (int round = 0; round < 3; round++) {
    swap_roles();
    permute();
  }
  std::array<std::byte, 32> result;
  std::memcpy(result.data(), b_.data() + 8, result.size());
  return result;
}

std::array<std::byte, 32> shabal256(std::span<const std::byte> message) {
  Shabal256 hash;
  hash.update(message);
  return hash.digest();
}

}  // namespace quarry
