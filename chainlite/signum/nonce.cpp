#include "chainlite/signum/nonce.h"

#include <algorithm>
#include <vector>

#include "base/shabal256.h"

namespace quarry::signum {
namespace {

constexpr size_t kHashBytes = 32;
constexpr size_t kNonceBytes = kScoopsPerNonce * kScoopBytes;
constexpr size_t kSeedBytes = 16;
constexpr size_t kMaxMessageBytes = 4096;

}  // namespace

Scoop compute_scoop(uint64_t account_id, uint64_t nonce, uint32_t scoop, PocVersion version) {
  QUARRY_CHECK(scoop < kScoopsPerNonce);
  // The hashes are made from the last to the first, each over what stands behind it,
  // and the seed stands behind them all.
  std::vector<std::byte> buffer(kNonceBytes + kSeedBytes);
  const auto account = bytes_be(account_id);
  const auto number = bytes_be(nonce);
  std::copy(account.begin(), account.end(), buffer.begin() + kNonceBytes);
  std::copy(number.begin(), number.end(), buffer.begin() + kNonceBytes + account.size());
  const std::span<std::byte> bytes(buffer);
  for (size_t end = kNonceBytes; end > 0; end -= kHashBytes) {
    const size_t length = std::min(kMaxMessageBytes, bytes.size() - end);
    const auto digest = shabal256(bytes.subspan(end, length));
    std::copy(digest.begin(), digest.end(), bytes.begin() + (end - kHashBytes));
  }
  const auto mask = shabal256(bytes);

  const uint32_t second = version == PocVersion::kPoc2 ? kScoopsPerNonce - 1 - scoop : scoop;
  const auto first_half = bytes.subspan(scoop * kScoopBytes, kHashBytes);
  const auto second_half = bytes.subspan(second * kScoopBytes + kHashBytes, kHashBytes);
  Scoop result;
  for (size_t i = 0; i < kHashBytes; i++) {
    result[i] = first_half[i] ^ mask[i];
    result[kHashBytes + i] = second_half[i] ^ mask[i];
  }
  return result;
}

uint64_t scoop_hit(const GenerationSignature& generation_signature, const Scoop& scoop) {
  Shabal256 hash;
  hash.update(generation_signature);
  hash.update(scoop);
  return load_le<uint64_t>(hash.digest());
}

uint64_t hit(uint64_t account_id, uint64_t nonce, uint32_t scoop,
             const GenerationSignature& generation_signature, PocVersion version) {
  return scoop_hit(generation_signature, compute_scoop(account_id, nonce, scoop, version));
}

}  // namespace quarry::signum
