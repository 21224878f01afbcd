#include "chainlite/signum/transaction.h"

#include <algorithm>
#include <unordered_set>

#include "base/utf8.h"

namespace quarry::signum {
namespace {

Status bad(const std::string& what) {
  return Status(Code::kInvalidArgument, "transaction: " + what);
}

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;  // which Clang 14 does not deduce

// A kind's number and name, in the order of the variant.
struct KindRow {
  TransactionKind kind;
  const char* name;
};
constexpr KindRow kKinds[] = {
    {{0, 0}, "payment"},
    {{0, 1}, "payment to several"},
    {{0, 2}, "payment to several, in equal parts"},
    {{1, 0}, "message"},
    {{2, 0}, "asset issuance"},
    {{2, 2}, "ask order"},
    {{2, 3}, "bid order"},
    {{20, 0}, "set reward recipient"},
    {{20, 1}, "add commitment"},
    {{20, 2}, "remove commitment"},
};

constexpr uint16_t kMostMinutesInBlocks = 0x7FFF;
constexpr uint64_t kMostAssetQuantity = 100'000'000'000'000'000;
constexpr uint8_t kMostAssetDecimals = 8;
constexpr size_t kLeastAssetName = 3, kMostAssetName = 10, kMostAssetDescription = 1000;

bool is_amount(uint64_t planck) { return planck > 0 && planck <= kMostPlanck; }

// Length of UTF-8 text in UTF-16 code units, in which nodes count it.
size_t utf16_length(const std::string& text) {
  size_t length = 0;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    length += (byte & 0xC0) != 0x80 ? 1 : 0;
    length += byte >= 0xF0 ? 1 : 0;
  }
  return length;
}

Status check_asset(const AssetIssuance& asset, uint8_t version) {
  if (!is_utf8(text_bytes(asset.name)) || !is_utf8(text_bytes(asset.description)))
    return bad("an asset's name or description is not UTF-8");
  const size_t name = utf16_length(asset.name);
  if (name < kLeastAssetName || name > kMostAssetName)
    return bad("an asset's name has 3 to 10 characters");
  if (utf16_length(asset.description) > kMostAssetDescription)
    return bad("an asset's description has at most 1000 characters");
  if (asset.decimals > kMostAssetDecimals) return bad("an asset has at most 8 decimals");
  if (asset.quantity > kMostAssetQuantity) return bad("more of an asset than 10^17");
  if (version == 0 && asset.mintable) return bad("version 0 has no assets to be minted");
  return Status();
}

Status check_order(const AssetOrder& order) {
  if (order.asset == 0) return bad("an order of no asset");
  if (!is_amount(order.price_planck)) return bad("an order without a price");
  return order.quantity > 0 && order.quantity <= INT64_MAX ? Status() : bad("an order of nothing");
}

Status check_recipients(size_t count, size_t most) {
  if (count < 2 || count > most)
    return bad(std::to_string(count) + " recipients; 2 to " + std::to_string(most) +
               " are allowed");
  return Status();
}

Status check_attachment(const Transaction& transaction) {
  const auto no_amount = [&](const char* kind) {
    return transaction.amount_planck == 0 ? Status()
                                          : bad(std::string(kind) + " moves no amount by itself");
  };
  return std::visit(
      Overloaded{
          [&](const Payment&) {
            return is_amount(transaction.amount_planck) ? Status() : bad("a payment of nothing");
          },
          [&](const MultiOutPayment& payment) {
            QUARRY_TRY(check_recipients(payment.recipients.size(), kMostMultiOut));
            std::unordered_set<uint64_t> seen;
            uint64_t sum = 0;
            for (const auto& [recipient, amount] : payment.recipients) {
              if (!is_amount(amount)) return bad("a recipient of nothing");
              if (!seen.insert(recipient).second) return bad("a recipient twice");
              sum += amount;  // at most 64 * 2^58
            }
            return sum == transaction.amount_planck ? Status()
                                                    : bad("the amount is not the recipients' sum");
          },
          [&](const MultiSameOutPayment& payment) {
            QUARRY_TRY(check_recipients(payment.recipients.size(), kMostMultiSameOut));
            const std::unordered_set<uint64_t> seen(payment.recipients.begin(),
                                                    payment.recipients.end());
            if (seen.size() != payment.recipients.size()) return bad("a recipient twice");
            return Status();
          },
          [&](const ArbitraryMessage&) { return no_amount("a message"); },
          [&](const AssetIssuance& asset) {
            QUARRY_TRY(check_asset(asset, transaction.version));
            return no_amount("an asset");
          },
          [&](const AssetOrder& order) {
            QUARRY_TRY(check_order(order));
            return no_amount("an order");
          },
          [&](const RewardRecipientAssignment&) { return no_amount("a reward assignment"); },
          [&](const AddCommitment&) { return no_amount("a commitment"); },
          [&](const RemoveCommitment& commitment) {
            if (commitment.amount_planck > kMostPlanck)
              return bad("a commitment of more coins than exist");
            return no_amount("a commitment");
          },
          [&](const OtherAttachment& other) {
            if (other.tail.size() > kMostTransactionBytes) return bad("it is too long");
            return is_interpreted(other.kind) ? bad("a known kind, given as unknown") : Status();
          }},
      transaction.attachment);
}

Status check_encrypted(const std::optional<EncryptedAppendix>& appendix, uint8_t version) {
  if (!appendix) return Status();
  if (version == 0) return bad("version 0 has no encrypted messages");
  if (appendix->data.size() > kMostMessageBytes)
    return bad("an encrypted message of " + std::to_string(appendix->data.size()) +
               " bytes; at most 1000 are allowed");
  if (appendix->data.empty() && appendix->nonce != ByteArray<32>{})
    return bad("an encrypted message of nothing has a nonce");
  return Status();
}

bool has_appendages(const Transaction& transaction) {
  return transaction.message || transaction.encrypted_message || transaction.announced_key ||
         transaction.encrypted_to_self;
}

Status check_appendages(const Transaction& transaction) {
  // Nodes read none there.
  const bool is_to_several = std::holds_alternative<MultiOutPayment>(transaction.attachment) ||
                             std::holds_alternative<MultiSameOutPayment>(transaction.attachment);
  if (is_to_several && has_appendages(transaction))
    return bad("a message or key beside a payment to several");
  const auto& message = transaction.message;
  if (message && message->bytes.size() > kMostMessageBytes)
    return bad("a message of " + std::to_string(message->bytes.size()) +
               " bytes; at most 1000 are allowed");
  // Nodes tell each other transactions in JSON, which holds no other text.
  if (message && message->is_text && !is_utf8(message->bytes))
    return bad("a text message that is not UTF-8");
  if (transaction.version == 0) {
    const bool is_message = std::holds_alternative<ArbitraryMessage>(transaction.attachment);
    if (message.has_value() != is_message)
      return bad("in version 0 messages come with kind 1/0, and only there");
    if (message && message->is_text) return bad("version 0 has no text messages");
    if (transaction.announced_key) return bad("version 0 announces no keys");
  }
  QUARRY_TRY(check_encrypted(transaction.encrypted_message, transaction.version));
  QUARRY_TRY(check_encrypted(transaction.encrypted_to_self, transaction.version));
  const bool names_recipient = has_recipient(transaction.attachment);
  if (transaction.encrypted_message && !names_recipient)
    return bad("an encrypted message without a recipient");
  if (transaction.announced_key &&
      (!names_recipient || account_of(*transaction.announced_key) != transaction.recipient))
    return bad("the announced public key is not the recipient's");
  return Status();
}

// What a transaction says although blocks may hold it and nobody means it.
Status check_meant(const Transaction& transaction) {
  if (transaction.deadline_minutes > kMostDeadlineMinutes)
    return bad("a deadline of " + std::to_string(transaction.deadline_minutes) +
               " minutes; nodes pass on no more than 1440");
  if (const auto* same = std::get_if<MultiSameOutPayment>(&transaction.attachment)) {
    if (transaction.amount_planck == 0) return bad("a payment of nothing");
    if (transaction.amount_planck % same->recipients.size() != 0)
      return bad("the amount cannot be shared out equally: the rest would be lost");
  }
  const auto* add = std::get_if<AddCommitment>(&transaction.attachment);
  const auto* remove = std::get_if<RemoveCommitment>(&transaction.attachment);
  if ((add != nullptr && add->amount_planck == 0) ||
      (remove != nullptr && remove->amount_planck == 0))
    return bad("a commitment of nothing");
  return Status();
}

}  // namespace

TransactionKind kind_of(const Attachment& attachment) {
  if (const auto* other = std::get_if<OtherAttachment>(&attachment)) return other->kind;
  if (const auto* order = std::get_if<AssetOrder>(&attachment))
    return {2, static_cast<uint8_t>(order->is_bid ? 3 : 2)};
  // The rows behind the orders, which are one alternative with two kinds.
  const size_t index = attachment.index();
  constexpr size_t kOrders = 5;
  return kKinds[index > kOrders ? index + 1 : index].kind;
}

bool is_interpreted(TransactionKind kind) {
  return std::ranges::any_of(kKinds, [&](const KindRow& row) { return row.kind == kind; });
}

std::string kind_name(TransactionKind kind) {
  for (const KindRow& row : kKinds)
    if (row.kind == kind) return row.name;
  return "kind " + std::to_string(kind.type) + "/" + std::to_string(kind.subtype);
}

bool has_recipient(const Attachment& attachment) {
  return std::holds_alternative<Payment>(attachment) ||
         std::holds_alternative<ArbitraryMessage>(attachment) ||
         std::holds_alternative<RewardRecipientAssignment>(attachment);
}

Result<uint64_t> total_planck(const Transaction& transaction) {
  uint64_t locked = 0;
  if (const auto* commitment = std::get_if<AddCommitment>(&transaction.attachment))
    locked = commitment->amount_planck;
  if (const auto* order = std::get_if<AssetOrder>(&transaction.attachment);
      order != nullptr && order->is_bid && order->price_planck > 0) {
    if (order->quantity > kMostPlanck / order->price_planck)
      return bad("an order for more coins than exist");
    locked = order->quantity * order->price_planck;
  }
  uint64_t total = 0;
  for (const uint64_t part : {transaction.amount_planck, transaction.fee_planck, locked}) {
    if (part > kMostPlanck) return bad("an amount exceeds all coins that exist");
    total += part;
  }
  if (total > kMostPlanck) return bad("amount and fee exceed all coins that exist");
  return total;
}

Status check_form(const Transaction& transaction) {
  if (transaction.version > 2) return bad("version " + std::to_string(transaction.version));
  if (transaction.timestamp < 0) return bad("a time before the chain's first");
  if (transaction.deadline_minutes < 1 || transaction.deadline_minutes > kMostMinutesInBlocks)
    return bad("a deadline of " + std::to_string(transaction.deadline_minutes) +
               " minutes; 1 to 1440 are usual");
  if (transaction.fee_planck == 0) return bad("no fee");
  QUARRY_TRY(total_planck(transaction).status());
  const bool is_other = std::holds_alternative<OtherAttachment>(transaction.attachment);
  if (!is_other && !has_recipient(transaction.attachment) && transaction.recipient != 0)
    return bad("a recipient where the kind has none");
  if (transaction.version < 2 && transaction.cash_back_id != 0)
    return bad("a cash-back account before version 2");
  if (transaction.version == 0 &&
      (transaction.ec_block_height != 0 || transaction.ec_block_id != 0))
    return bad("an EC block before version 1");
  QUARRY_TRY(check_attachment(transaction));
  if (is_other && has_appendages(transaction))
    return bad("appendages beside an uninterpreted tail");
  if (is_other) return Status();
  return check_appendages(transaction);
}

Bytes signed_bytes(const Transaction& transaction) {
  Transaction unsigned_transaction = transaction;
  unsigned_transaction.signature = {};
  return transaction_bytes(unsigned_transaction);
}

Hash256 full_hash(const Transaction& transaction) {
  const Bytes bytes = signed_bytes(transaction);
  return sha256({bytes, sha256(transaction.signature)});
}

uint64_t id_of(const Hash256& full_hash) { return load_le<uint64_t>(full_hash); }

Status sign(Transaction& transaction, const KeyPair& keys) {
  transaction.sender = keys.public_key();
  QUARRY_TRY(check_form(transaction));
  QUARRY_TRY(check_meant(transaction));
  QUARRY_ASSIGN(transaction.signature, keys.sign(signed_bytes(transaction)));
  return Status();
}

bool verify_signature(const Transaction& transaction) {
  return verify(transaction.signature, signed_bytes(transaction), transaction.sender);
}

}  // namespace quarry::signum
