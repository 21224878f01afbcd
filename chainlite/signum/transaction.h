// Transactions of Signum and Burst, byte for byte.
//
// Layout: all integers little-endian. type, version << 4 | subtype, timestamp,
// deadline, sender's public key, recipient, amount, fee, hash of the referenced
// transaction, signature (zeros while it is signed or hashed), then from version
// 1 flags and the EC block, from version 2 the cash-back account, then the
// attachment and the appendages.
//
// Amounts are in planck: 1 coin = 100,000,000 planck.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/sha256.h"
#include "base/status.h"
#include "chainlite/signum/eckcdsa.h"
#include "chainlite/signum/network.h"

namespace quarry::signum {

inline constexpr uint64_t kMostPlanck = 2'158'812'800 * kPlanckPerCoin;  // more never exists
inline constexpr size_t kMostMessageBytes = 1000;                        // plain or encrypted
inline constexpr size_t kMostMultiOut = 64;       // recipients of their own amounts
inline constexpr size_t kMostMultiSameOut = 128;  // recipients of equal parts
// Nodes keep and pass on no transaction with a later deadline; blocks may hold
// one, up to 32767 minutes.
inline constexpr uint16_t kMostDeadlineMinutes = 1440;
inline constexpr size_t kMostTransactionBytes = 64 << 10;  // beyond what any kind needs

// Every attachment and appendage says a version, which nodes keep as they found it.
inline constexpr uint8_t kPartVersion = 1;          // all that Quarry writes, except
inline constexpr uint8_t kMintablePartVersion = 2;  // asset issuances that say `mintable`
inline constexpr uint8_t kMostPartVersion = 127;    // that any node takes

struct TransactionKind {
  uint8_t type = 0, subtype = 0;
  bool operator==(const TransactionKind&) const = default;
};

// Attachments: what a transaction is about.
struct Payment {
  bool operator==(const Payment&) const = default;
};
struct MultiOutPayment {  // 2 to 64 recipients, each with an amount; none twice
  std::vector<std::pair<uint64_t, uint64_t>> recipients;
  bool operator==(const MultiOutPayment&) const = default;
};
// 2 to 128 recipients, none twice. Each gets the amount divided by their number,
// rounded down; what remains is lost.
struct MultiSameOutPayment {
  std::vector<uint64_t> recipients;
  bool operator==(const MultiSameOutPayment&) const = default;
};
struct ArbitraryMessage {
  bool operator==(const ArbitraryMessage&) const = default;
};
struct AssetIssuance {
  std::string name, description;
  uint64_t quantity = 0;
  uint8_t decimals = 0;
  std::optional<bool> mintable = std::nullopt;  // none: the older form, that cannot say it
  bool operator==(const AssetIssuance&) const = default;
};
struct AssetOrder {
  bool is_bid = false;
  uint64_t asset = 0, quantity = 0, price_planck = 0;
  bool operator==(const AssetOrder&) const = default;
};
struct RewardRecipientAssignment {
  bool operator==(const RewardRecipientAssignment&) const = default;
};
struct AddCommitment {
  uint64_t amount_planck = 0;
  bool operator==(const AddCommitment&) const = default;
};
struct RemoveCommitment {
  uint64_t amount_planck = 0;
  bool operator==(const RemoveCommitment&) const = default;
};
// A kind that Quarry does not interpret: its flags, and all bytes behind the head.
// Such a transaction can be hashed and its signature verified.
struct OtherAttachment {
  TransactionKind kind;
  uint32_t flags = 0;
  Bytes tail;
  bool operator==(const OtherAttachment&) const = default;
};
using Attachment = std::variant<Payment, MultiOutPayment, MultiSameOutPayment, ArbitraryMessage,
                                AssetIssuance, AssetOrder, RewardRecipientAssignment, AddCommitment,
                                RemoveCommitment, OtherAttachment>;

TransactionKind kind_of(const Attachment& attachment);

// Whether Quarry interprets such transactions; others are OtherAttachment.
bool is_interpreted(TransactionKind kind);

// "payment", "set reward recipient", ...
std::string kind_name(TransactionKind kind);

// Whether such transactions name a recipient (others have 0 there).
bool has_recipient(const Attachment& attachment);

// Appendages: what may come with any kind.
struct MessageAppendix {
  Bytes bytes;
  bool is_text = true;
  bool operator==(const MessageAppendix&) const = default;
};
struct EncryptedAppendix {
  Bytes data;
  ByteArray<32> nonce{};  // without data there is none: zeros here, nothing on the wire
  bool is_text = true;
  bool operator==(const EncryptedAppendix&) const = default;
};

struct Transaction {
  uint8_t version = 2;
  int32_t timestamp = 0;  // seconds since the chain's epoch
  uint16_t deadline_minutes = 24 * 60;
  PublicKey sender{};
  uint64_t recipient = 0;
  uint64_t amount_planck = 0;
  uint64_t fee_planck = 0;
  Hash256 referenced_full_hash{};  // zeros: none
  Signature signature{};           // zeros: not signed
  uint32_t ec_block_height = 0;
  uint64_t ec_block_id = 0;
  uint64_t cash_back_id = 0;

  Attachment attachment;
  std::optional<MessageAppendix> message;
  std::optional<EncryptedAppendix> encrypted_message;
  std::optional<PublicKey> announced_key;  // the recipient's
  std::optional<EncryptedAppendix> encrypted_to_self;

  bool operator==(const Transaction&) const = default;

  uint64_t sender_id() const { return account_of(sender); }
  bool is_signed() const { return signature != Signature{}; }
  // The last timestamp of a block that may hold it.
  int64_t expiration() const { return int64_t{timestamp} + int64_t{deadline_minutes} * 60; }
};

// What the sender gives away in all: amount, fee, and what a commitment or an
// order to buy locks. kInvalidArgument if the sum exceeds all coins that exist.
Result<uint64_t> total_planck(const Transaction& transaction);

// The bytes of the wire. The transaction must be well formed (check_form).
Bytes transaction_bytes(const Transaction& transaction);

// The transaction that the bytes are. kCorrupt, naming the field, if there are
// too few or too many of them, or a field is out of its range; kUnsupported where
// an attachment or appendage says a later version than those known here. What it
// returns is well formed, and its bytes are the ones given.
Result<Transaction> parse_transaction(std::span<const std::byte> bytes);

// Everything that can be told of a transaction alone, as signum-node asks it of
// those in blocks: ranges, sizes, that kinds without a recipient name none,
// duplicates. kInvalidArgument names what is wrong. Not the signature, and nothing
// that depends on height or balances, like the least fee.
Status check_form(const Transaction& transaction);

// SHA-256 of the unsigned bytes and the signature's SHA-256; for a transaction of
// version 0 and later. The id is its first 8 bytes.
Hash256 full_hash(const Transaction& transaction);
uint64_t id_of(const Hash256& full_hash);

// The bytes that are signed: those of the wire with a signature of zeros.
Bytes signed_bytes(const Transaction& transaction);

// Fills in `sender` and `signature`. kInvalidArgument also for what blocks may hold
// but nobody means: a deadline that nodes do not pass on, payments and commitments
// of nothing, and payments in equal parts that leave a remainder.
Status sign(Transaction& transaction, const KeyPair& keys);

// True if the signature is the sender's, in canonical form.
bool verify_signature(const Transaction& transaction);

}  // namespace quarry::signum
