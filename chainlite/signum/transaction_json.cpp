#include "chainlite/signum/transaction_json.h"

#include "base/hex.h"
#include "base/json.h"

namespace quarry::signum {
namespace {

using nlohmann::json;

// The name that an attachment's version goes by: "version.NAME": 1.
const char* version_name(TransactionKind kind) {
  if (kind == TransactionKind{0, 0}) return "OrdinaryPayment";
  if (kind == TransactionKind{0, 1}) return "MultiOutCreation";
  if (kind == TransactionKind{0, 2}) return "MultiSameOutCreation";
  if (kind == TransactionKind{1, 0}) return "ArbitraryMessage";
  if (kind == TransactionKind{2, 0}) return "AssetIssuance";
  if (kind == TransactionKind{2, 2}) return "AskOrderPlacement";
  if (kind == TransactionKind{2, 3}) return "BidOrderPlacement";
  if (kind == TransactionKind{20, 0}) return "RewardRecipientAssignment";
  if (kind == TransactionKind{20, 1}) return "CommitmentAdd";
  if (kind == TransactionKind{20, 2}) return "CommitmentRemove";
  return nullptr;
}

void put_version(json& object, const std::string& name, uint8_t transaction_version) {
  if (transaction_version > 0) object["version." + name] = kPartVersion;
}

// The version that the part `name` says, 1 if it says none. Versions up to `known`
// are understood.
Result<uint32_t> part_version(const json& object, const std::string& name,
                              uint32_t known = kPartVersion) {
  const std::string member = "version." + name;
  if (!has_member(object, member.c_str())) return kPartVersion;
  QUARRY_ASSIGN(const uint32_t version, read_u32(object, member.c_str()));
  if (version == 0 || version > kMostPartVersion)
    return Status(Code::kCorrupt, "JSON member \"" + member + "\" is no possible version");
  if (version > known)
    return Status(Code::kUnsupported,
                  "version " + std::to_string(version) + " of " + name + " is not interpreted");
  return version;
}

json encrypted_to_json(const EncryptedAppendix& appendix) {
  return {{"data", format_hex(appendix.data)},
          {"nonce", appendix.data.empty() ? "" : format_hex(appendix.nonce)},
          {"isText", appendix.is_text}};
}

Result<EncryptedAppendix> encrypted_from_json(const json& object) {
  EncryptedAppendix appendix;
  QUARRY_ASSIGN(appendix.data, read_hex(object, "data"));
  if (appendix.data.empty()) {
    QUARRY_TRY(read_hex(object, "nonce", 0).status());
  } else {
    QUARRY_ASSIGN(appendix.nonce, read_hex_array<32>(object, "nonce"));
  }
  QUARRY_ASSIGN(appendix.is_text, read_bool(object, "isText"));
  return appendix;
}

// A list's element `i` as if it were a member, so that errors name it.
Result<uint64_t> element_u64(const json& list, size_t i) {
  return read_u64(json{{"recipients", i < list.size() ? list[i] : json()}}, "recipients");
}

Result<Attachment> asset_from_json(const json& object) {
  AssetIssuance asset;
  QUARRY_ASSIGN(asset.name, read_text(object, "name"));
  QUARRY_ASSIGN(asset.description, read_text(object, "description"));
  QUARRY_ASSIGN(asset.quantity, read_u64(object, "quantityQNT"));
  QUARRY_ASSIGN(const uint32_t decimals, read_u32(object, "decimals"));
  if (decimals > UINT8_MAX) return Status(Code::kCorrupt, "JSON member \"decimals\" exceeds 255");
  asset.decimals = static_cast<uint8_t>(decimals);
  QUARRY_ASSIGN(const uint32_t version,
                part_version(object, version_name({2, 0}), kMintablePartVersion));
  if (version >= kMintablePartVersion) {
    QUARRY_ASSIGN(asset.mintable, read_bool(object, "mintable"));
  }
  return Attachment(std::move(asset));
}

Result<Attachment> fields_from_json(const json& object, TransactionKind kind) {
  if (kind == TransactionKind{2, 0}) return asset_from_json(object);
  if (const bool is_bare = kind.subtype == 0 && kind.type <= 1; is_interpreted(kind) && !is_bare)
    QUARRY_TRY(part_version(object, version_name(kind)).status());
  if (kind == TransactionKind{0, 0}) return Attachment(Payment());
  if (kind == TransactionKind{0, 1}) {
    MultiOutPayment multi;
    QUARRY_ASSIGN(const json* list, read_array(object, "recipients", kMostMultiOut));
    for (const json& pair : *list) {
      QUARRY_ASSIGN(const uint64_t recipient, element_u64(pair, 0));
      QUARRY_ASSIGN(const uint64_t amount, element_u64(pair, 1));
      multi.recipients.emplace_back(recipient, amount);
    }
    return Attachment(std::move(multi));
  }
  if (kind == TransactionKind{0, 2}) {
    MultiSameOutPayment same;
    QUARRY_ASSIGN(const json* list, read_array(object, "recipients", kMostMultiSameOut));
    for (size_t i = 0; i < list->size(); i++) {
      QUARRY_ASSIGN(const uint64_t recipient, element_u64(*list, i));
      same.recipients.push_back(recipient);
    }
    return Attachment(std::move(same));
  }
  if (kind == TransactionKind{1, 0}) return Attachment(ArbitraryMessage());
  if (kind == TransactionKind{2, 2} || kind == TransactionKind{2, 3}) {
    AssetOrder order;
    order.is_bid = kind.subtype == 3;
    QUARRY_ASSIGN(order.asset, read_u64(object, "asset"));
    QUARRY_ASSIGN(order.quantity, read_u64(object, "quantityQNT"));
    QUARRY_ASSIGN(order.price_planck, read_u64(object, "priceNQT"));
    return Attachment(order);
  }
  if (kind == TransactionKind{20, 0}) return Attachment(RewardRecipientAssignment());
  if (kind == TransactionKind{20, 1}) {
    QUARRY_ASSIGN(const uint64_t amount, read_u64(object, "amountNQT"));
    return Attachment(AddCommitment{amount});
  }
  if (kind == TransactionKind{20, 2}) {
    QUARRY_ASSIGN(const uint64_t amount, read_u64(object, "amountNQT"));
    return Attachment(RemoveCommitment{amount});
  }
  return Status(Code::kUnsupported,
                "transactions of " + kind_name(kind) +
                    " are not interpreted: their bytes cannot be told from JSON");
}

Status appendages_from_json(const json& object, Transaction& transaction) {
  // Nodes of some years said "messageBytes".
  if (has_member(object, "message") || has_member(object, "messageBytes")) {
    const char* name = has_member(object, "message") ? "message" : "messageBytes";
    QUARRY_TRY(part_version(object, "Message").status());
    MessageAppendix message;
    message.is_text = false;
    if (has_member(object, "messageIsText")) {
      QUARRY_ASSIGN(message.is_text, read_bool(object, "messageIsText"));
    }
    if (message.is_text) {
      QUARRY_ASSIGN(const std::string text, read_text(object, name));
      const auto bytes = text_bytes(text);
      message.bytes.assign(bytes.begin(), bytes.end());
    } else {
      QUARRY_ASSIGN(message.bytes, read_hex(object, name));
    }
    transaction.message = std::move(message);
  }
  if (has_member(object, "encryptedMessage")) {
    QUARRY_TRY(part_version(object, "EncryptedMessage").status());
    QUARRY_ASSIGN(transaction.encrypted_message, encrypted_from_json(object["encryptedMessage"]));
  }
  if (has_member(object, "recipientPublicKey")) {
    QUARRY_TRY(part_version(object, "PublicKeyAnnouncement").status());
    QUARRY_ASSIGN(transaction.announced_key, read_hex_array<32>(object, "recipientPublicKey"));
  }
  if (has_member(object, "encryptToSelfMessage")) {
    QUARRY_TRY(part_version(object, "EncryptToSelfMessage").status());
    QUARRY_ASSIGN(transaction.encrypted_to_self,
                  encrypted_from_json(object["encryptToSelfMessage"]));
  }
  return Status();
}

Result<TransactionKind> kind_from_json(const json& object) {
  QUARRY_ASSIGN(const uint32_t type, read_u32(object, "type"));
  QUARRY_ASSIGN(const uint32_t subtype, read_u32(object, "subtype"));
  if (type > UINT8_MAX || subtype > 15)
    return Status(Code::kCorrupt, "JSON members \"type\" and \"subtype\" name no kind");
  return TransactionKind{static_cast<uint8_t>(type), static_cast<uint8_t>(subtype)};
}

}  // namespace

json attachment_to_json(const Transaction& transaction) {
  json object = json::object();
  const uint8_t version = transaction.version;
  const TransactionKind kind = kind_of(transaction.attachment);
  if (!is_interpreted(kind)) return object;
  // Payments have an empty attachment, whose version is 0.
  if (const bool is_bare = kind == TransactionKind{0, 0} || kind == TransactionKind{1, 0}; !is_bare)
    put_version(object, version_name(kind), version);
  if (const auto* multi = std::get_if<MultiOutPayment>(&transaction.attachment)) {
    json& list = object["recipients"] = json::array();
    for (const auto& [recipient, amount] : multi->recipients)
      list.push_back({std::to_string(recipient), std::to_string(amount)});
  } else if (const auto* same = std::get_if<MultiSameOutPayment>(&transaction.attachment)) {
    json& list = object["recipients"] = json::array();
    for (const uint64_t recipient : same->recipients) list.push_back(std::to_string(recipient));
  } else if (const auto* asset = std::get_if<AssetIssuance>(&transaction.attachment)) {
    object["name"] = asset->name;
    object["description"] = asset->description;
    object["quantityQNT"] = asset->quantity;
    object["decimals"] = asset->decimals;
    if (asset->mintable) {
      object[std::string("version.") + version_name(kind)] = kMintablePartVersion;
      object["mintable"] = *asset->mintable;
    }
  } else if (const auto* order = std::get_if<AssetOrder>(&transaction.attachment)) {
    object["asset"] = std::to_string(order->asset);
    object["quantityQNT"] = order->quantity;
    object["priceNQT"] = order->price_planck;
  } else if (const auto* add = std::get_if<AddCommitment>(&transaction.attachment)) {
    object["amountNQT"] = add->amount_planck;
  } else if (const auto* remove = std::get_if<RemoveCommitment>(&transaction.attachment)) {
    object["amountNQT"] = remove->amount_planck;
  }
  if (transaction.message) {
    const auto& message = *transaction.message;
    put_version(object, "Message", version);
    object["message"] =
        message.is_text
            ? std::string(reinterpret_cast<const char*>(message.bytes.data()), message.bytes.size())
            : format_hex(message.bytes);
    object["messageIsText"] = message.is_text;
  }
  if (transaction.encrypted_message) {
    put_version(object, "EncryptedMessage", version);
    object["encryptedMessage"] = encrypted_to_json(*transaction.encrypted_message);
  }
  if (transaction.announced_key) {
    put_version(object, "PublicKeyAnnouncement", version);
    object["recipientPublicKey"] = format_hex(*transaction.announced_key);
  }
  if (transaction.encrypted_to_self) {
    put_version(object, "EncryptToSelfMessage", version);
    object["encryptToSelfMessage"] = encrypted_to_json(*transaction.encrypted_to_self);
  }
  return object;
}

json transaction_to_json(const Transaction& transaction) {
  const TransactionKind kind = kind_of(transaction.attachment);
  json object = {{"type", kind.type},
                 {"subtype", kind.subtype},
                 {"timestamp", transaction.timestamp},
                 {"deadline", transaction.deadline_minutes},
                 {"senderPublicKey", format_hex(transaction.sender)},
                 {"amountNQT", transaction.amount_planck},
                 {"feeNQT", transaction.fee_planck},
                 {"ecBlockHeight", transaction.ec_block_height},
                 {"ecBlockId", std::to_string(transaction.ec_block_id)},
                 {"signature", format_hex(transaction.signature)},
                 {"attachment", attachment_to_json(transaction)},
                 {"version", transaction.version}};
  if (has_recipient(transaction.attachment))
    object["recipient"] = std::to_string(transaction.recipient);
  if (transaction.referenced_full_hash != Hash256{})
    object["referencedTransactionFullHash"] = format_hex(transaction.referenced_full_hash);
  if (transaction.version >= 2) object["cashBackId"] = std::to_string(transaction.cash_back_id);
  return object;
}

Result<Transaction> transaction_from_json(const json& object) {
  Transaction transaction;
  QUARRY_ASSIGN(const TransactionKind kind, kind_from_json(object));
  QUARRY_ASSIGN(const uint32_t version, read_u32(object, "version"));
  if (version > 2)
    return Status(Code::kUnsupported, "transactions of version " + std::to_string(version));
  transaction.version = static_cast<uint8_t>(version);
  QUARRY_ASSIGN(transaction.timestamp, read_i32(object, "timestamp"));
  QUARRY_ASSIGN(const uint32_t deadline, read_u32(object, "deadline"));
  if (deadline > UINT16_MAX)
    return Status(Code::kCorrupt, "JSON member \"deadline\" exceeds 65535 minutes");
  transaction.deadline_minutes = static_cast<uint16_t>(deadline);
  QUARRY_ASSIGN(transaction.sender, read_hex_array<32>(object, "senderPublicKey"));
  QUARRY_ASSIGN(transaction.amount_planck, read_u64(object, "amountNQT"));
  QUARRY_ASSIGN(transaction.fee_planck, read_u64(object, "feeNQT"));
  if (has_member(object, "signature")) {
    QUARRY_ASSIGN(transaction.signature, read_hex_array<64>(object, "signature"));
  }
  if (has_member(object, "referencedTransactionFullHash")) {
    QUARRY_ASSIGN(transaction.referenced_full_hash,
                  read_hex_array<32>(object, "referencedTransactionFullHash"));
  }
  if (version >= 1) {
    QUARRY_ASSIGN(transaction.ec_block_height, read_u32(object, "ecBlockHeight"));
    QUARRY_ASSIGN(transaction.ec_block_id, read_u64(object, "ecBlockId"));
  }
  if (version >= 2) {
    QUARRY_ASSIGN(transaction.cash_back_id, read_u64(object, "cashBackId"));
  }
  const json nothing = json::object();
  const json& attachment = has_member(object, "attachment") ? object["attachment"] : nothing;
  QUARRY_ASSIGN(transaction.attachment, fields_from_json(attachment, kind));
  if (has_recipient(transaction.attachment)) {
    QUARRY_ASSIGN(transaction.recipient, read_u64(object, "recipient"));
  }
  QUARRY_TRY(appendages_from_json(attachment, transaction));
  if (const Status form = check_form(transaction); !form.ok())
    return Status(Code::kCorrupt, form.message());
  return transaction;
}

}  // namespace quarry::signum
