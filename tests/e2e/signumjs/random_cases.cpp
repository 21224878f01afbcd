#include "tests/e2e/signumjs/random_cases.h"

#include <algorithm>
#include <set>

#include "base/hex.h"

namespace quarry::tests {

using namespace signum;
using nlohmann::json;

uint64_t RandomCases::id() {
  constexpr uint64_t kEdges[] = {0, 1, INT64_MAX, uint64_t{1} << 63, UINT64_MAX};
  return chance(20) ? kEdges[below(std::size(kEdges))] : engine_() >> below(64);
}

Bytes RandomCases::bytes(size_t count) {
  Bytes all(count);
  for (std::byte& byte : all) byte = static_cast<std::byte>(below(256));
  return all;
}

std::string RandomCases::text(size_t most) {
  struct Range {
    uint32_t first, last;
  };
  constexpr Range kRanges[] = {{' ', '~'},         {' ', '~'},         {0, 0x1F},
                               {0x80, 0x7FF},      {0x3040, 0xD7FF},   {0xE000, 0xFFFF},
                               {0x1F300, 0x1FAFF}, {0x10000, 0x10FFFF}};
  std::string all;
  for (size_t i = below(most + 1); i > 0; i--) {
    const Range& range = kRanges[below(std::size(kRanges))];
    const auto c = static_cast<uint32_t>(range.first + below(range.last - range.first + 1));
    const auto put = [&](uint32_t byte) { all += static_cast<char>(byte); };
    const auto tail = [&](int shift) { put(0x80 | (c >> shift & 0x3F)); };
    if (c < 0x80) {
      put(c);
    } else if (c < 0x800) {
      put(0xC0 | c >> 6);
      tail(0);
    } else if (c < 0x10000) {
      put(0xE0 | c >> 12);
      tail(6), tail(0);
    } else {
      put(0xF0 | c >> 18);
      tail(12), tail(6), tail(0);
    }
  }
  return all;
}

Attachment RandomCases::attachment(size_t kind, uint64_t& amount_planck) {
  // Some amounts are small, some need 58 bits.
  const auto some = [&](uint64_t most) { return 1 + (engine_() >> below(64)) % most; };
  const auto some_ids = [&](size_t most) {
    std::set<uint64_t> ids;
    for (const size_t count = 2 + below(most - 1); ids.size() < count;) ids.insert(id());
    std::vector<uint64_t> shuffled(ids.begin(), ids.end());
    std::ranges::shuffle(shuffled, engine_);
    return shuffled;
  };
  amount_planck = 0;
  switch (kind) {
    case 0: amount_planck = some(kMostPlanck / 2); return Payment();
    case 1: {
      MultiOutPayment multi;
      for (const uint64_t recipient : some_ids(kMostMultiOut)) {
        multi.recipients.emplace_back(recipient, some(kMostPlanck / 200));
        amount_planck += multi.recipients.back().second;
      }
      return multi;
    }
    case 2: {
      MultiSameOutPayment same{some_ids(kMostMultiSameOut)};
      amount_planck = some(kMostPlanck / 300) * same.recipients.size();
      return same;
    }
    case 3: return ArbitraryMessage();
    case 4:
    case 5: {
      AssetIssuance asset{"", text(200), some(100'000'000'000'000'000), 0};
      for (size_t i = 3 + below(8); i > 0; i--) asset.name += "0123456789ABCXYZabcxyz"[below(22)];
      asset.decimals = static_cast<uint8_t>(below(9));
      if (kind == 5) asset.mintable = chance(2);
      if (chance(4)) asset.quantity = 0;
      if (asset.description == "0") asset.description = "";  // SignumJS takes it for none
      return asset;
    }
    case 6: {
      const uint64_t quantity = some(1'000'000'000);
      return AssetOrder{false, id() | 1, quantity, some(kMostPlanck)};
    }
    case 7: {
      const uint64_t quantity = some(1'000'000'000);
      return AssetOrder{true, id() | 1, quantity, some(kMostPlanck / 2 / quantity)};
    }
    case 8: return RewardRecipientAssignment();
    case 9: return AddCommitment{some(kMostPlanck / 2)};
    default: return RemoveCommitment{some(kMostPlanck)};
  }
}

void RandomCases::add_appendages(Transaction& transaction, const PublicKey& recipient) {
  const auto encrypted = [&] {
    EncryptedAppendix appendix{bytes(16 + below(kMostMessageBytes - 15)), {}, chance(2)};
    std::ranges::copy(bytes(32), appendix.nonce.begin());
    return appendix;
  };
  const bool names_recipient = has_recipient(transaction.attachment);
  if (chance(2)) {
    const std::string words = text(250);
    const auto raw = text_bytes(words);
    transaction.message = chance(3) ? MessageAppendix{bytes(below(kMostMessageBytes + 1)), false}
                                    : MessageAppendix{Bytes(raw.begin(), raw.end())};
  }
  if (names_recipient && chance(3)) transaction.encrypted_message = encrypted();
  if (names_recipient && chance(3)) {
    transaction.announced_key = recipient;
    transaction.recipient = account_of(recipient);
  }
  if (chance(3)) transaction.encrypted_to_self = encrypted();
}

Transaction RandomCases::transaction(size_t kind, const PublicKey& sender,
                                     const PublicKey& recipient) {
  Transaction all;
  all.attachment = attachment(kind, all.amount_planck);
  all.timestamp = static_cast<int32_t>(below(INT32_MAX));
  all.deadline_minutes = static_cast<uint16_t>(1 + below(kMostDeadlineMinutes));
  all.sender = sender;
  all.fee_planck = 1 + (engine_() >> below(64)) % kPlanckPerCoin;
  if (chance(4)) std::ranges::copy(bytes(32), all.referenced_full_hash.begin());
  all.ec_block_height = static_cast<uint32_t>(below(INT32_MAX));
  all.ec_block_id = id();
  all.cash_back_id = id();
  if (has_recipient(all.attachment)) all.recipient = id();
  // Nodes read no appendages of payments to several; SignumJS reads none of
  // assignments, see KnownDifferences.
  if (kind != 1 && kind != 2 && kind != 8) add_appendages(all, recipient);
  return all;
}

std::string call_name(const Transaction& transaction) {
  const TransactionKind kind = kind_of(transaction.attachment);
  if (kind == TransactionKind{0, 0}) return "sendMoney";
  if (kind == TransactionKind{0, 1}) return "sendMoneyMulti";
  if (kind == TransactionKind{0, 2}) return "sendMoneyMultiSame";
  if (kind == TransactionKind{1, 0}) return "sendMessage";
  if (kind == TransactionKind{2, 0}) return "issueAsset";
  if (kind == TransactionKind{2, 2}) return "placeAskOrder";
  if (kind == TransactionKind{2, 3}) return "placeBidOrder";
  if (kind == TransactionKind{20, 0}) return "setRewardRecipient";
  if (kind == TransactionKind{20, 1}) return "addCommitment";
  if (kind == TransactionKind{20, 2}) return "removeCommitment";
  return "";
}

namespace {

const char* word(bool value) { return value ? "true" : "false"; }

void put_attachment(json& parameters, const Transaction& transaction) {
  const auto& attachment = transaction.attachment;
  std::string list;
  const auto add = [&](const std::string& item) { list += (list.empty() ? "" : ";") + item; };
  if (std::holds_alternative<Payment>(attachment)) {
    parameters["amountNQT"] = std::to_string(transaction.amount_planck);
    parameters["recipient"] = std::to_string(transaction.recipient);
  } else if (const auto* multi = std::get_if<MultiOutPayment>(&attachment)) {
    for (const auto& [id, amount] : multi->recipients)
      add(std::to_string(id) + ":" + std::to_string(amount));
    parameters["recipients"] = list;
  } else if (const auto* same = std::get_if<MultiSameOutPayment>(&attachment)) {
    for (const uint64_t id : same->recipients) add(std::to_string(id));
    parameters["recipients"] = list;
    parameters["amountNQT"] = std::to_string(transaction.amount_planck / same->recipients.size());
  } else if (const auto* asset = std::get_if<AssetIssuance>(&attachment)) {
    const bool is_mintable = asset->mintable.value_or(false);
    parameters["name"] = asset->name;
    parameters["description"] = asset->description;
    parameters["decimals"] = std::to_string(asset->decimals);
    parameters["mintable"] = word(is_mintable);
    if (asset->quantity != 0 || is_mintable)
      parameters["quantityQNT"] = std::to_string(asset->quantity);
  } else if (const auto* order = std::get_if<AssetOrder>(&attachment)) {
    parameters["asset"] = std::to_string(order->asset);
    parameters["quantityQNT"] = std::to_string(order->quantity);
    parameters["priceNQT"] = std::to_string(order->price_planck);
  } else if (const auto* added = std::get_if<AddCommitment>(&attachment)) {
    parameters["amountNQT"] = std::to_string(added->amount_planck);
  } else if (const auto* removed = std::get_if<RemoveCommitment>(&attachment)) {
    parameters["amountNQT"] = std::to_string(removed->amount_planck);
  }
}

}  // namespace

json call_parameters(const Transaction& transaction) {
  json parameters = {{"feeNQT", std::to_string(transaction.fee_planck)},
                     {"publicKey", format_hex(transaction.sender)},
                     {"deadline", transaction.deadline_minutes}};
  if (transaction.recipient != 0) parameters["recipient"] = std::to_string(transaction.recipient);
  if (transaction.referenced_full_hash != Hash256{})
    parameters["referencedTransactionFullHash"] = format_hex(transaction.referenced_full_hash);
  put_attachment(parameters, transaction);
  if (const auto& message = transaction.message) {
    parameters["message"] = message->is_text
                                ? std::string(reinterpret_cast<const char*>(message->bytes.data()),
                                              message->bytes.size())
                                : format_hex(message->bytes);
    parameters["messageIsText"] = word(message->is_text);
  }
  if (const auto& encrypted = transaction.encrypted_message) {
    parameters["encryptedMessageData"] = format_hex(encrypted->data);
    parameters["encryptedMessageNonce"] = format_hex(encrypted->nonce);
    parameters["messageToEncryptIsText"] = word(encrypted->is_text);
  }
  if (transaction.announced_key)
    parameters["recipientPublicKey"] = format_hex(*transaction.announced_key);
  if (const auto& encrypted = transaction.encrypted_to_self) {
    parameters["encryptToSelfMessageData"] = format_hex(encrypted->data);
    parameters["encryptToSelfMessageNonce"] = format_hex(encrypted->nonce);
    parameters["messageToEncryptToSelfIsText"] = word(encrypted->is_text);
  }
  return parameters;
}

}  // namespace quarry::tests
