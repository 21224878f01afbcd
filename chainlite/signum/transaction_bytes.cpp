// The wire form of transactions, both ways.
#include "chainlite/signum/transaction.h"

namespace quarry::signum {
namespace {

// Flags: which appendages follow.
constexpr uint32_t kMessage = 1, kEncryptedMessage = 2, kAnnouncedKey = 4, kEncryptedToSelf = 8;
constexpr uint32_t kAllFlags = 15;

constexpr uint32_t kTextBit = 0x8000'0000;  // in the length of a message

Status corrupt(const std::string& what) {
  return Status(Code::kCorrupt, "transaction bytes: " + what);
}

// Writing.

void write_part_version(ByteWriter& out, uint8_t transaction_version) {
  if (transaction_version > 0) out.integer(kPartVersion);
}

void write_attachment(ByteWriter& out, const Attachment& attachment, uint8_t version) {
  const bool is_bare = std::holds_alternative<Payment>(attachment) ||
                       std::holds_alternative<ArbitraryMessage>(attachment) ||
                       std::holds_alternative<OtherAttachment>(attachment);
  const auto* asset = std::get_if<AssetIssuance>(&attachment);
  if (asset != nullptr && asset->mintable)
    out.integer(kMintablePartVersion);
  else if (!is_bare)
    write_part_version(out, version);
  if (const auto* multi = std::get_if<MultiOutPayment>(&attachment)) {
    out.integer(static_cast<uint8_t>(multi->recipients.size()));
    for (const auto& [recipient, amount] : multi->recipients) {
      out.integer(recipient);
      out.integer(amount);
    }
  } else if (const auto* same = std::get_if<MultiSameOutPayment>(&attachment)) {
    out.integer(static_cast<uint8_t>(same->recipients.size()));
    for (const uint64_t recipient : same->recipients) out.integer(recipient);
  } else if (asset != nullptr) {
    out.integer(static_cast<uint8_t>(asset->name.size()));
    out.bytes(text_bytes(asset->name));
    out.integer(static_cast<uint16_t>(asset->description.size()));
    out.bytes(text_bytes(asset->description));
    out.integer(asset->quantity);
    out.integer(asset->decimals);
    if (asset->mintable) out.integer(static_cast<uint8_t>(*asset->mintable ? 1 : 0));
  } else if (const auto* order = std::get_if<AssetOrder>(&attachment)) {
    out.integer(order->asset);
    out.integer(order->quantity);
    out.integer(order->price_planck);
  } else if (const auto* add = std::get_if<AddCommitment>(&attachment)) {
    out.integer(add->amount_planck);
  } else if (const auto* remove = std::get_if<RemoveCommitment>(&attachment)) {
    out.integer(remove->amount_planck);
  } else if (const auto* other = std::get_if<OtherAttachment>(&attachment)) {
    out.bytes(other->tail);
  }
}

void write_encrypted(ByteWriter& out, const EncryptedAppendix& appendix, uint8_t version) {
  write_part_version(out, version);
  out.integer(static_cast<uint32_t>(appendix.data.size()) | (appendix.is_text ? kTextBit : 0));
  out.bytes(appendix.data);
  if (!appendix.data.empty()) out.bytes(appendix.nonce);
}

uint32_t flags_of(const Transaction& transaction) {
  if (const auto* other = std::get_if<OtherAttachment>(&transaction.attachment))
    return other->flags;
  return (transaction.message ? kMessage : 0) |
         (transaction.encrypted_message ? kEncryptedMessage : 0) |
         (transaction.announced_key ? kAnnouncedKey : 0) |
         (transaction.encrypted_to_self ? kEncryptedToSelf : 0);
}

// Reading.

// Of an attachment or appendage, 0 in transactions of version 0. Versions up to
// `known` are understood.
Result<uint8_t> read_part_version(ByteReader& in, uint8_t transaction_version,
                                  uint8_t known = kPartVersion) {
  if (transaction_version == 0) return uint8_t{0};
  const auto version = in.integer<uint8_t>();
  if (version == 0 || version > kMostPartVersion)
    return corrupt("an attachment or appendage of no possible version");
  if (version > known)
    return Status(Code::kUnsupported, "transaction bytes: an attachment or appendage of version " +
                                          std::to_string(version) +
                                          ", which Quarry does not interpret");
  return version;
}

// The span's bytes as text; `size` of them.
std::string take_text(ByteReader& in, size_t size) {
  const auto bytes = in.take(size);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<Attachment> read_asset(ByteReader& in, uint8_t part_version) {
  AssetIssuance asset;
  asset.name = take_text(in, in.integer<uint8_t>());
  asset.description = take_text(in, in.integer<uint16_t>());
  asset.quantity = in.integer<uint64_t>();
  asset.decimals = in.integer<uint8_t>();
  if (part_version >= kMintablePartVersion) {
    const auto mintable = in.integer<uint8_t>();
    if (mintable > 1) return corrupt("an asset is mintable (1) or not (0)");
    asset.mintable = mintable == 1;
  }
  return Attachment(std::move(asset));
}

// What a commitment, an order, or an asset says.
Result<Attachment> read_fields(ByteReader& in, TransactionKind kind, uint8_t version) {
  const bool is_asset = kind == TransactionKind{2, 0};
  QUARRY_ASSIGN(const uint8_t part_version,
                read_part_version(in, version, is_asset ? kMintablePartVersion : kPartVersion));
  if (is_asset) return read_asset(in, part_version);
  if (kind == TransactionKind{0, 1}) {
    MultiOutPayment multi;
    const size_t count = in.integer<uint8_t>();
    for (size_t i = 0; i < count && in.ok(); i++) {
      const auto recipient = in.integer<uint64_t>();
      multi.recipients.emplace_back(recipient, in.integer<uint64_t>());
    }
    return Attachment(std::move(multi));
  }
  if (kind == TransactionKind{0, 2}) {
    MultiSameOutPayment same;
    const size_t count = in.integer<uint8_t>();
    for (size_t i = 0; i < count && in.ok(); i++) same.recipients.push_back(in.integer<uint64_t>());
    return Attachment(std::move(same));
  }
  if (kind == TransactionKind{2, 2} || kind == TransactionKind{2, 3}) {
    AssetOrder order;
    order.is_bid = kind.subtype == 3;
    order.asset = in.integer<uint64_t>();
    order.quantity = in.integer<uint64_t>();
    order.price_planck = in.integer<uint64_t>();
    return Attachment(order);
  }
  if (kind == TransactionKind{20, 0}) return Attachment(RewardRecipientAssignment());
  if (kind == TransactionKind{20, 1}) return Attachment(AddCommitment{in.integer<uint64_t>()});
  return Attachment(RemoveCommitment{in.integer<uint64_t>()});
}

Result<EncryptedAppendix> read_encrypted(ByteReader& in, uint8_t version) {
  QUARRY_TRY(read_part_version(in, version).status());
  EncryptedAppendix appendix;
  const auto length = in.integer<uint32_t>();
  appendix.is_text = (length & kTextBit) != 0;
  const auto data = in.take(length & ~kTextBit);
  appendix.data.assign(data.begin(), data.end());
  if (!data.empty()) appendix.nonce = in.array<32>();
  return appendix;
}

Status read_appendages(ByteReader& in, uint32_t flags, Transaction& transaction) {
  const uint8_t version = transaction.version;
  if ((flags & kMessage) != 0) {
    QUARRY_TRY(read_part_version(in, version).status());
    MessageAppendix message;
    const auto length = in.integer<uint32_t>();
    message.is_text = (length & kTextBit) != 0;
    const auto bytes = in.take(length & ~kTextBit);
    message.bytes.assign(bytes.begin(), bytes.end());
    transaction.message = std::move(message);
  }
  if ((flags & kEncryptedMessage) != 0) {
    QUARRY_ASSIGN(transaction.encrypted_message, read_encrypted(in, version));
  }
  if ((flags & kAnnouncedKey) != 0) {
    QUARRY_TRY(read_part_version(in, version).status());
    transaction.announced_key = in.array<32>();
  }
  if ((flags & kEncryptedToSelf) != 0) {
    QUARRY_ASSIGN(transaction.encrypted_to_self, read_encrypted(in, version));
  }
  return Status();
}

}  // namespace

Bytes transaction_bytes(const Transaction& transaction) {
  const uint8_t version = transaction.version;
  const TransactionKind kind = kind_of(transaction.attachment);
  ByteWriter out;
  out.integer(kind.type);
  out.integer(static_cast<uint8_t>(version << 4 | kind.subtype));
  out.integer(transaction.timestamp);
  out.integer(transaction.deadline_minutes);
  out.bytes(transaction.sender);
  out.integer(transaction.recipient);
  out.integer(transaction.amount_planck);
  out.integer(transaction.fee_planck);
  out.bytes(transaction.referenced_full_hash);
  out.bytes(transaction.signature);
  if (version >= 1) {
    out.integer(flags_of(transaction));
    out.integer(transaction.ec_block_height);
    out.integer(transaction.ec_block_id);
  }
  if (version >= 2) out.integer(transaction.cash_back_id);
  write_attachment(out, transaction.attachment, version);
  if (transaction.message) {
    const MessageAppendix& message = *transaction.message;
    write_part_version(out, version);
    out.integer(static_cast<uint32_t>(message.bytes.size()) | (message.is_text ? kTextBit : 0));
    out.bytes(message.bytes);
  }
  if (transaction.encrypted_message) write_encrypted(out, *transaction.encrypted_message, version);
  if (transaction.announced_key) {
    write_part_version(out, version);
    out.bytes(*transaction.announced_key);
  }
  if (transaction.encrypted_to_self) write_encrypted(out, *transaction.encrypted_to_self, version);
  return std::move(out).take();
}

Result<Transaction> parse_transaction(std::span<const std::byte> bytes) {
  if (bytes.size() > kMostTransactionBytes)
    return corrupt("there are " + std::to_string(bytes.size()) + " of them, which is too many");
  ByteReader in(bytes);
  Transaction transaction;
  TransactionKind kind;
  kind.type = in.integer<uint8_t>();
  const auto packed = in.integer<uint8_t>();
  kind.subtype = packed & 15;
  transaction.version = packed >> 4;
  transaction.timestamp = in.integer<int32_t>();
  transaction.deadline_minutes = in.integer<uint16_t>();
  transaction.sender = in.array<32>();
  transaction.recipient = in.integer<uint64_t>();
  transaction.amount_planck = in.integer<uint64_t>();
  transaction.fee_planck = in.integer<uint64_t>();
  transaction.referenced_full_hash = in.array<32>();
  transaction.signature = in.array<64>();
  const bool is_bare_message = transaction.version == 0 && kind == TransactionKind{1, 0};
  uint32_t flags = is_bare_message ? kMessage : 0;
  if (transaction.version >= 1) {
    flags = in.integer<uint32_t>();
    transaction.ec_block_height = in.integer<uint32_t>();
    transaction.ec_block_id = in.integer<uint64_t>();
  }
  if (transaction.version >= 2) transaction.cash_back_id = in.integer<uint64_t>();

  if (!is_interpreted(kind)) {
    const auto tail = in.take(in.left());
    transaction.attachment = OtherAttachment{kind, flags, Bytes(tail.begin(), tail.end())};
  } else {
    if ((flags & ~kAllFlags) != 0) return corrupt("unknown flags");
    const bool is_bare = kind == TransactionKind{0, 0} || kind == TransactionKind{1, 0};
    if (!is_bare) {
      QUARRY_ASSIGN(transaction.attachment, read_fields(in, kind, transaction.version));
    } else if (kind.type == 1) {
      transaction.attachment = ArbitraryMessage();
    }
    QUARRY_TRY(read_appendages(in, flags, transaction));
  }
  if (!in.ok()) return corrupt("there are too few of them");
  if (in.left() != 0) return corrupt(std::to_string(in.left()) + " too many");
  if (const Status form = check_form(transaction); !form.ok())
    return Status(Code::kCorrupt, form.message());
  return transaction;
}

}  // namespace quarry::signum
