#include "base/shabal256.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

namespace quarry {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie");

constexpr size_t kBlock = 64;

// State after the prefix blocks that encode the output length, 256.
struct Shabal {
  std::array<uint32_t, 12> a = {0x52f84552, 0xe54b7999, 0x2d8ee3ec, 0xb9645191,
                                0xe0078b86, 0xbb7c44c9, 0xd2b5c1ca, 0xb0d2eb8c,
                                0x14ce5a45, 0x22af50dc, 0xeffdbc6b, 0xeb21b74a};
  std::array<uint32_t, 16> b = {0xb555c6ee, 0x3e710596, 0xa72a652f, 0x9301515f,
                                0xda28c1fa, 0x696fd868, 0x9cb6bf72, 0x0afe4002,
                                0xa6e03615, 0x5138c1d4, 0xbe216306, 0xb38b8890,
                                0x3ea8b96b, 0x3299ace4, 0x30924dd4, 0x55cb34a5};
  std::array<uint32_t, 16> c = {0xb405f031, 0xc4233eba, 0xb3733979, 0xc0dd9d55,
                                0xc51c28ae, 0xa327b8e1, 0x56c56167, 0xed614433,
                                0x88b59d60, 0x60e2ceba, 0x758b4b8b, 0x83e82a7f,
                                0xbc968828, 0xe6e00bf7, 0xba839e55, 0x9b491c60};
  uint64_t counter = 1;

  void permute(const std::array<uint32_t, 16>& m) {
    a[0] ^= static_cast<uint32_t>(counter);
    a[1] ^= static_cast<uint32_t>(counter >> 32);
    for (uint32_t& word : b) word = std::rotl(word, 17);
    for (size_t j = 0; j < 48; j++) {
      const size_t i = j % 16;
      uint32_t& x = a[j % 12];
      x = ((x ^ std::rotl(a[(j + 11) % 12], 15) * 5 ^ c[(24 - i) % 16]) * 3) ^ b[(i + 13) % 16] ^
          (b[(i + 9) % 16] & ~b[(i + 6) % 16]) ^ m[i];
      b[i] = ~(std::rotl(b[i], 1) ^ x);
    }
    for (size_t j = 0; j < 36; j++) a[11 - j % 12] += c[(54 - j) % 16];
  }

  void add(const std::array<uint32_t, 16>& m) {
    for (size_t i = 0; i < 16; i++) b[i] += m[i];
    permute(m);
  }
};

}  // namespace

std::array<std::byte, 32> shabal256(std::span<const std::byte> message) {
  Shabal state;
  std::array<uint32_t, 16> m;
  for (; message.size() >= kBlock; message = message.subspan(kBlock)) {
    std::memcpy(m.data(), message.data(), kBlock);
    state.add(m);
    for (size_t i = 0; i < 16; i++) state.c[i] -= m[i];
    std::swap(state.b, state.c);
    state.counter++;
  }
  std::array<std::byte, kBlock> last = {};
  if (!message.empty()) std::memcpy(last.data(), message.data(), message.size());
  last[message.size()] = std::byte{0x80};
  std::memcpy(m.data(), last.data(), kBlock);
  state.add(m);
  for (int round = 0; round < 3; round++) {
    std::swap(state.b, state.c);
    state.permute(m);
  }
  std::array<std::byte, 32> digest;
  std::memcpy(digest.data(), state.b.data() + 8, digest.size());
  return digest;
}

}  // namespace quarry
