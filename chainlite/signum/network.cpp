#include "chainlite/signum/network.h"

#include <algorithm>
#include <string_view>

#include "base/hex.h"
#include "base/status.h"

namespace quarry::signum {
namespace {

// What an ordinary payment weighs: 176 bytes, and 184 from version 2 on.
constexpr uint32_t kOrdinaryBytes = 176;
constexpr uint32_t kOrdinaryBytesOfVersion2 = 184;

// Of the passphrase that every devnet's faucet has.
constexpr std::string_view kFaucetKey =
    "3bccfdd7d685c5b9d172cc017662ac750886f335e06e02f74cca8d2233c07700";

// The height that the node has reached when it looks at the block at `height`.
uint32_t height_before(uint32_t height) { return height == 0 ? 0 : height - 1; }

}  // namespace

PocVersion Network::poc_version(uint32_t height) const {
  return height >= activations.poc2 ? PocVersion::kPoc2 : PocVersion::kPoc1;
}

int32_t Network::block_version(uint32_t height) const {
  if (height == 0) return -1;
  return height_before(height) >= activations.smart_fees ? 4 : 3;
}

uint8_t Network::transaction_version(uint32_t height) const {
  const uint32_t before = height_before(height);
  if (before < activations.goods_store) return 0;
  return before < activations.smart_fees ? 1 : 2;
}

uint32_t Network::max_payload_bytes(uint32_t height) const {
  const bool version2 = height >= activations.smart_fees;
  return max_transactions(height) * (version2 ? kOrdinaryBytesOfVersion2 : kOrdinaryBytes);
}

uint32_t Network::max_transactions(uint32_t height) const {
  if (height >= activations.smart_fees) return 255 * 8;
  return height >= activations.pre_poc2 ? 255 * 4 : 255;
}

uint64_t Network::fee_quant(uint32_t last_height) const {
  if (last_height >= activations.smart_fees) return 1'000'000;
  return last_height >= activations.pre_poc2 ? 735'000 : kPlanckPerCoin;
}

uint64_t Network::minimum_fee(uint32_t last_height, uint32_t appendages_bytes) const {
  if (last_height == 0) return 0;
  const uint64_t units =
      last_height >= activations.speedway ? 1 + appendages_bytes / kOrdinaryBytes : 1;
  return units * fee_quant(last_height);
}

uint32_t Network::commitment_wait(uint32_t previous_height) const {
  return previous_height >= activations.long_commitment ? commitment_wait_blocks
                                                        : early_commitment_wait_blocks;
}

uint32_t Network::average_commitment_window(uint32_t height) const {
  return height >= activations.speedway ? 96 : 24;
}

const Network& mainnet() {
  static const Network network;
  return network;
}

Network devnet_network(uint32_t block_seconds) {
  QUARRY_CHECK(block_seconds >= 1 && block_seconds <= 86'400);
  Network network;
  network.name = "devnet";
  network.address_prefix = "TS";
  // The reward falls as it does on the main net.
  network.activations = {.difficulty_change = 0,
                         .reward_recipient = 0,
                         .goods_store = 0,
                         .pre_poc2 = 0,
                         .poc2 = 0,
                         .sodium = 0,
                         .signum = 0,
                         .poc_plus = 0,
                         .speedway = 0,
                         .smart_fees = 0,
                         .long_commitment = 0};
  network.block_seconds = block_seconds;
  constexpr uint32_t kNonces = 16;
  network.initial_base_target = static_cast<uint64_t>((static_cast<unsigned __int128>(1) << 64) /
                                                      (uint64_t{block_seconds} * kNonces));
  network.max_base_target = network.initial_base_target;
  network.early_commitment_wait_blocks = 3;
  network.commitment_wait_blocks = 3;
  ByteArray<32> faucet;
  std::ranges::copy(parse_hex(kFaucetKey).value(), faucet.begin());
  network.initial_keys = {faucet};
  return network;
}

}  // namespace quarry::signum
