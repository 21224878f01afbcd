#include "tests/reference/poc2_reference.h"

#include <algorithm>
#include <bit>

namespace quarry::reference {
namespace {

constexpr size_t kHashBytes = 32;
constexpr size_t kBlockBytes = 64;
constexpr size_t kScoopBytes = 64;
constexpr size_t kScoops = 4096;
constexpr size_t kNonceBytes = kScoops * kScoopBytes;
constexpr size_t kMaxMessageBytes = 4096;

struct State {
  std::array<uint32_t, 12> a = {0x52F84552, 0xE54B7999, 0x2D8EE3EC, 0xB9645191,
                                0xE0078B86, 0xBB7C44C9, 0xD2B5C1CA, 0xB0D2EB8C,
                                0x14CE5A45, 0x22AF50DC, 0xEFFDBC6B, 0xEB21B74A};
  std::array<uint32_t, 16> b = {0xB555C6EE, 0x3E710596, 0xA72A652F, 0x9301515F,
                                0xDA28C1FA, 0x696FD868, 0x9CB6BF72, 0x0AFE4002,
                                0xA6E03615, 0x5138C1D4, 0xBE216306, 0xB38B8890,
                                0x3EA8B96B, 0x3299ACE4, 0x30924DD4, 0x55CB34A5};
  std::array<uint32_t, 16> c = {0xB405F031, 0xC4233EBA, 0xB3733979, 0xC0DD9D55,
                                0xC51C28AE, 0xA327B8E1, 0x56C56167, 0xED614433,
                                0x88B59D60, 0x60E2CEBA, 0x758B4B8B, 0x83E82A7F,
                                0xBC968828, 0xE6E00BF7, 0xBA839E55, 0x9B491C60};
  uint64_t w = 1;
};

using Block = std::array<uint32_t, 16>;

Block block_at(const std::vector<std::byte>& padded, size_t offset) {
  Block m{};
  for (size_t i = 0; i < kBlockBytes; i++)
    m[i / 4] |= static_cast<uint32_t>(padded[offset + i]) << (8 * (i % 4));
  return m;
}

void xor_counter(State& s) {
  s.a[0] ^= static_cast<uint32_t>(s.w);
  s.a[1] ^= static_cast<uint32_t>(s.w >> 32);
}

void permute(State& s, const Block& m) {
  for (uint32_t& b : s.b) b = std::rotl(b, 17);
  for (size_t j = 0; j < 48; j++) {
    const size_t i = j % 16;
    const uint32_t v = std::rotl(s.a[(j + 11) % 12], 15) * 5;
    const uint32_t u = (s.a[j % 12] ^ v ^ s.c[(8 + 16 - i) % 16]) * 3;
    s.a[j % 12] = u ^ s.b[(i + 13) % 16] ^ (s.b[(i + 9) % 16] & ~s.b[(i + 6) % 16]) ^ m[i];
    s.b[i] = ~(std::rotl(s.b[i], 1) ^ s.a[j % 12]);
  }
  for (size_t j = 0; j < 36; j++) s.a[11 - j % 12] += s.c[(6 + 48 - j) % 16];
}

void append_u64_big_endian(std::vector<std::byte>& bytes, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<std::byte>(value >> shift));
}

Digest hash_with_number(const Digest& first, uint64_t number) {
  std::vector<std::byte> message(first.begin(), first.end());
  append_u64_big_endian(message, number);
  return shabal256(message);
}

}  // namespace

Digest shabal256(std::span<const std::byte> message) {
  std::vector<std::byte> padded(message.begin(), message.end());
  padded.push_back(std::byte{0x80});
  while (padded.size() % kBlockBytes != 0) padded.push_back(std::byte{0});

  State s;
  Block m{};
  for (size_t offset = 0; offset < padded.size(); offset += kBlockBytes) {
    m = block_at(padded, offset);
    for (size_t i = 0; i < 16; i++) s.b[i] += m[i];
    xor_counter(s);
    permute(s, m);
    const bool last = offset + kBlockBytes == padded.size();
    if (last) break;
    for (size_t i = 0; i < 16; i++) s.c[i] -= m[i];
    std::swap(s.b, s.c);
    s.w++;
  }
  for (int round = 0; round < 3; round++) {
    std::swap(s.b, s.c);
    xor_counter(s);
    permute(s, m);
  }
  Digest digest;
  for (size_t i = 0; i < kHashBytes; i++)
    digest[i] = static_cast<std::byte>(s.b[8 + i / 4] >> (8 * (i % 4)));
  return digest;
}

std::vector<std::byte> poc1_nonce(uint64_t account_id, uint64_t nonce) {
  std::vector<std::byte> buffer(kNonceBytes);
  append_u64_big_endian(buffer, account_id);
  append_u64_big_endian(buffer, nonce);
  for (size_t end = kNonceBytes; end > 0; end -= kHashBytes) {
    const size_t length = std::min(kMaxMessageBytes, buffer.size() - end);
    const Digest digest = shabal256(std::span(buffer).subspan(end, length));
    std::copy(digest.begin(), digest.end(), buffer.begin() + static_cast<long>(end - kHashBytes));
  }
  const Digest final_hash = shabal256(buffer);
  buffer.resize(kNonceBytes);
  for (size_t i = 0; i < kNonceBytes; i++) buffer[i] ^= final_hash[i % kHashBytes];
  return buffer;
}

std::vector<std::byte> poc2_nonce(uint64_t account_id, uint64_t nonce) {
  std::vector<std::byte> buffer = poc1_nonce(account_id, nonce);
  swap_poc2(buffer);
  return buffer;
}

void swap_poc2(std::span<std::byte> nonce) {
  for (size_t scoop = 0; scoop < kScoops / 2; scoop++) {
    const auto low = nonce.subspan(scoop * kScoopBytes + kHashBytes, kHashBytes);
    const auto high = nonce.subspan((kScoops - 1 - scoop) * kScoopBytes + kHashBytes, kHashBytes);
    std::swap_ranges(low.begin(), low.end(), high.begin());
  }
}

uint32_t scoop_number(const Digest& generation_signature, uint64_t height) {
  const Digest digest = hash_with_number(generation_signature, height);
  return (static_cast<uint32_t>(digest[30]) & 0x0F) << 8 | static_cast<uint32_t>(digest[31]);
}

uint64_t hit(const Digest& generation_signature, std::span<const std::byte> scoop) {
  std::vector<std::byte> message(generation_signature.begin(), generation_signature.end());
  message.insert(message.end(), scoop.begin(), scoop.end());
  const Digest digest = shabal256(message);
  uint64_t value = 0;
  for (size_t i = 0; i < 8; i++) value |= static_cast<uint64_t>(digest[i]) << (8 * i);
  return value;
}

Digest next_generation_signature(const Digest& generation_signature, uint64_t generator_id) {
  return hash_with_number(generation_signature, generator_id);
}

}  // namespace quarry::reference
