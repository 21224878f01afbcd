// Blocks of Signum and Burst, byte for byte.
//
// Layout: all integers little-endian. version, timestamp, previous block's id,
// number of transactions, amount and fee (whole coins in 4 bytes before version
// 3, planck in 8 from there), payload's length and hash, generator's public key,
// generation signature, hash of the previous block (before version 2: 32 zeros
// behind the nonce instead), nonce, states of automated transactions, signature.
// Neither height nor base target nor difficulty is among them: they follow from
// the chain below (consensus.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/sha256.h"
#include "base/status.h"
#include "chainlite/signum/eckcdsa.h"
#include "chainlite/signum/transaction.h"

namespace quarry::signum {

inline constexpr size_t kMostBlockTransactions = 2040;
inline constexpr size_t kMostPayloadBytes = 375'360;
inline constexpr size_t kMostBlockAtBytes = 1 << 20;

struct Block {
  int32_t version = 4;
  int32_t timestamp = 0;  // seconds since the chain's epoch
  uint64_t previous_block = 0;
  uint64_t total_amount_planck = 0;
  uint64_t total_fee_planck = 0;
  uint32_t payload_length = 0;  // bytes of all transactions
  Hash256 payload_hash{};
  PublicKey generator{};
  Hash256 generation_signature{};
  Hash256 previous_block_hash{};
  uint64_t nonce = 0;
  Bytes automated_transactions;  // "blockATs"
  Signature signature{};

  // In the order of the payload: ascending by id as a signed number.
  std::vector<Transaction> transactions;

  bool operator==(const Block&) const = default;

  uint64_t generator_id() const { return account_of(generator); }
};

// The bytes of the block without its transactions, which only count and hash.
Bytes block_bytes(const Block& block);

// The block that the bytes are, but for its transactions, which do not stand in
// them. kCorrupt if there are too few bytes, or too many to be a block's.
Result<Block> parse_block(std::span<const std::byte> bytes);

// SHA-256 of the bytes; the next block's previous_block_hash. The id is its first
// 8 bytes.
Hash256 block_hash(const Block& block);
uint64_t block_id(const Hash256& block_hash);

// SHA-256 of all transactions' signed bytes, one behind the other.
Hash256 payload_hash(const std::vector<Transaction>& transactions);

// Sorts the transactions and fills in what follows from them: totals, length and
// hash of the payload.
void seal_payload(Block& block);

// Fills in the signature; `generator` is there already. `keys`
// are the generator's own, or its reward recipient's.
Status sign(Block& block, const KeyPair& keys);

// True if `signer` signed the block.
bool verify_signature(const Block& block, const PublicKey& signer);

// Everything that can be told of a block alone: bounds, order, totals, length and
// hash of the payload, form and signature of each transaction. kCorrupt names
// what is wrong. Not its own signature, whose key may be another's.
Status check_payload(const Block& block);

}  // namespace quarry::signum
