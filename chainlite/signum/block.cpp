#include "chainlite/signum/block.h"

#include <algorithm>

namespace quarry::signum {
namespace {

constexpr size_t kSignatureBytes = sizeof(Signature);

Status corrupt(const std::string& what) { return Status(Code::kCorrupt, "block: " + what); }

int64_t order_of(const Transaction& transaction) {
  return static_cast<int64_t>(id_of(full_hash(transaction)));
}

// The bytes that are signed.
Bytes unsigned_bytes(const Block& block) {
  Bytes bytes = block_bytes(block);
  bytes.resize(bytes.size() - kSignatureBytes);
  return bytes;
}

}  // namespace

Bytes block_bytes(const Block& block) {
  ByteWriter out;
  out.integer(block.version);
  out.integer(block.timestamp);
  out.integer(block.previous_block);
  out.integer(static_cast<int32_t>(block.transactions.size()));
  if (block.version < 3) {
    out.integer(static_cast<int32_t>(block.total_amount_planck / kPlanckPerCoin));
    out.integer(static_cast<int32_t>(block.total_fee_planck / kPlanckPerCoin));
  } else {
    out.integer(block.total_amount_planck);
    out.integer(block.total_fee_planck);
  }
  out.integer(block.payload_length);
  out.bytes(block.payload_hash);
  out.bytes(block.generator);
  out.bytes(block.generation_signature);
  if (block.version > 1) out.bytes(block.previous_block_hash);
  out.integer(block.nonce);
  out.bytes(block.automated_transactions);
  out.bytes(block.signature);
  if (block.version <= 1) out.bytes(Hash256{});
  return std::move(out).take();
}

Result<Block> parse_block(std::span<const std::byte> bytes) {
  ByteReader in(bytes);
  Block block;
  block.version = in.integer<int32_t>();
  block.timestamp = in.integer<int32_t>();
  block.previous_block = in.integer<uint64_t>();
  in.integer<int32_t>();  // how many transactions
  if (block.version < 3) {
    block.total_amount_planck = in.integer<uint32_t>() * kPlanckPerCoin;
    block.total_fee_planck = in.integer<uint32_t>() * kPlanckPerCoin;
  } else {
    block.total_amount_planck = in.integer<uint64_t>();
    block.total_fee_planck = in.integer<uint64_t>();
  }
  block.payload_length = in.integer<uint32_t>();
  block.payload_hash = in.array<32>();
  block.generator = in.array<32>();
  block.generation_signature = in.array<32>();
  if (block.version > 1) block.previous_block_hash = in.array<32>();
  block.nonce = in.integer<uint64_t>();
  const size_t tail = kSignatureBytes + (block.version <= 1 ? sizeof(Hash256) : 0);
  if (in.left() < tail) return corrupt("there are too few bytes");
  if (in.left() - tail > kMostBlockAtBytes) return corrupt("there are too many bytes");
  const auto states = in.take(in.left() - tail);
  block.automated_transactions.assign(states.begin(), states.end());
  block.signature = in.array<kSignatureBytes>();
  return block;
}

Hash256 block_hash(const Block& block) { return sha256(block_bytes(block)); }

uint64_t block_id(const Hash256& block_hash) { return load_le<uint64_t>(block_hash); }

Hash256 payload_hash(const std::vector<Transaction>& transactions) {
  Sha256 hash;
  for (const Transaction& transaction : transactions) hash.update(transaction_bytes(transaction));
  return hash.digest();
}

void seal_payload(Block& block) {
  std::ranges::sort(block.transactions, {}, order_of);
  block.total_amount_planck = block.total_fee_planck = 0;
  block.payload_length = 0;
  for (const Transaction& transaction : block.transactions) {
    block.total_amount_planck += transaction.amount_planck;
    block.total_fee_planck += transaction.fee_planck;
    block.payload_length += static_cast<uint32_t>(transaction_bytes(transaction).size());
  }
  block.payload_hash = payload_hash(block.transactions);
}

Status sign(Block& block, const KeyPair& keys) {
  QUARRY_ASSIGN(block.signature, keys.sign(unsigned_bytes(block)));
  return Status();
}

bool verify_signature(const Block& block, const PublicKey& signer) {
  return verify(block.signature, unsigned_bytes(block), signer,
                block.version >= 3 ? SignatureForm::kCanonical : SignatureForm::kAny);
}

Status check_payload(const Block& block) {
  if (block.transactions.size() > kMostBlockTransactions)
    return corrupt(std::to_string(block.transactions.size()) + " transactions, which is too many");
  if (block.automated_transactions.size() > kMostBlockAtBytes)
    return corrupt("too many states of automated transactions");
  uint64_t amount = 0, fee = 0, length = 0;
  std::optional<int64_t> previous;
  for (const Transaction& transaction : block.transactions) {
    const int64_t order = order_of(transaction);
    const std::string name = "transaction " + std::to_string(static_cast<uint64_t>(order));
    if (const Status form = check_form(transaction); !form.ok())
      return corrupt(name + ": " + form.message());
    if (previous && order <= *previous) return corrupt(name + " is not in the order of ids");
    previous = order;
    if (!verify_signature(transaction)) return corrupt(name + ": its signature does not hold");
    amount += transaction.amount_planck;  // each at most 2^58, and at most 2040 of them
    fee += transaction.fee_planck;
    if (amount > kMostPlanck || fee > kMostPlanck) return corrupt("more coins than there are");
    length += transaction_bytes(transaction).size();
  }
  if (length != block.payload_length || length > kMostPayloadBytes)
    return corrupt("the payload has " + std::to_string(length) + " bytes, not " +
                   std::to_string(block.payload_length) + " as it says");
  if (amount != block.total_amount_planck || fee != block.total_fee_planck)
    return corrupt("amounts or fees do not add up");
  if (payload_hash(block.transactions) != block.payload_hash)
    return corrupt("the payload's hash is another");
  return Status();
}

}  // namespace quarry::signum
