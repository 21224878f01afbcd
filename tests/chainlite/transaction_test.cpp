#include "chainlite/signum/transaction.h"

#include <gtest/gtest.h>

#include <random>

#include "base/hex.h"
#include "chainlite/signum/transaction_json.h"
#include "tests/support/vectors.h"

namespace quarry::signum {
namespace {

using nlohmann::json;

KeyPair keys_of(std::string_view passphrase) {
  return KeyPair::from_passphrase(Secret::copy_of(passphrase));
}

Bytes bytes_of(std::string_view text) {
  const auto bytes = text_bytes(text);
  return {bytes.begin(), bytes.end()};
}

// One of each kind and appendage, well formed.
std::vector<Transaction> one_of_each() {
  const PublicKey key = keys_of("recipient").public_key();
  Transaction base;
  base.timestamp = 300'000'000;
  base.deadline_minutes = 60;
  base.fee_planck = 1'000'000;
  base.ec_block_height = 17;
  base.ec_block_id = UINT64_MAX;
  base.cash_back_id = 8952122635653861124u;
  base.sender = keys_of("sender").public_key();

  std::vector<Transaction> all;
  const auto add = [&](Attachment attachment, uint64_t amount) -> Transaction& {
    Transaction& transaction = all.emplace_back(base);
    transaction.attachment = std::move(attachment);
    transaction.amount_planck = amount;
    if (has_recipient(transaction.attachment)) transaction.recipient = account_of(key);
    return transaction;
  };
  add(Payment(), 1);
  add(Payment(), kMostPlanck - base.fee_planck).message = MessageAppendix{bytes_of("dear ✓")};
  add(Payment(), 5).encrypted_message = EncryptedAppendix{Bytes(48), {}, false};
  Transaction& full = add(Payment(), 5);
  full.message = MessageAppendix{Bytes(1000, std::byte{200}), false};
  full.encrypted_message = EncryptedAppendix{Bytes(64), {}, true};
  full.announced_key = key;
  full.encrypted_to_self = EncryptedAppendix{Bytes(1000), {}, true};
  full.referenced_full_hash[0] = std::byte{1};
  add(MultiOutPayment{{{1, 5}, {UINT64_MAX, 6}}}, 11);
  add(MultiSameOutPayment{{3, 1, 2}}, 33);
  add(ArbitraryMessage(), 0).message = MessageAppendix{bytes_of("")};
  add(AssetIssuance{"ASSET", "what it is", 100'000'000'000'000'000, 8}, 0);
  add(AssetOrder{false, 1, 2, 3}, 0);
  add(AssetOrder{true, 1, 2, 3}, 0);
  add(RewardRecipientAssignment(), 0);
  add(AddCommitment{500}, 0);
  add(RemoveCommitment{500}, 0);
  add(OtherAttachment{{1, 5}, 0, Bytes(20)}, 0);
  add(AssetIssuance{"MINT", "", 0, 0, true}, 0);
  add(AssetIssuance{"FIXED", "", 1, 0, false}, 0);
  add(Payment(), 5).encrypted_message = EncryptedAppendix{};  // of nothing
  return all;
}

TEST(Transactions, GoldenBytesIdsAndSignatures) {
  const json golden = tests::load_vectors("signum.json");
  ASSERT_EQ(golden["transactions"].size(), 7u);
  for (const json& expected : golden["transactions"]) {
    SCOPED_TRACE(expected["name"].get<std::string>());
    const Bytes unsigned_bytes = *parse_hex(expected["unsignedBytes"].get<std::string>());
    auto transaction = parse_transaction(unsigned_bytes);
    ASSERT_TRUE(transaction.ok()) << transaction.status().message();
    EXPECT_EQ(transaction_bytes(*transaction), unsigned_bytes);
    EXPECT_FALSE(transaction->is_signed());
    EXPECT_EQ(std::to_string(transaction->sender_id()), expected["signer"]);

    for (const json& account : golden["accounts"]) {
      if (account["accountId"] != expected["signer"]) continue;
      ASSERT_TRUE(sign(*transaction, keys_of(account["passphrase"].get<std::string>())).ok());
    }
    EXPECT_EQ(format_hex(transaction->signature), expected["signature"]);
    EXPECT_EQ(format_hex(transaction_bytes(*transaction)), expected["signedBytes"]);
    EXPECT_TRUE(verify_signature(*transaction));
    const Hash256 hash = full_hash(*transaction);
    EXPECT_EQ(format_hex(hash), expected["fullHash"]);
    EXPECT_EQ(std::to_string(id_of(hash)), expected["id"]);
    EXPECT_NE(kind_name(kind_of(transaction->attachment)).find_first_not_of("0123456789/"),
              std::string::npos);
  }
}

TEST(Transactions, EachKindGoesToBytesAndBack) {
  for (const Transaction& transaction : one_of_each()) {
    SCOPED_TRACE(kind_name(kind_of(transaction.attachment)));
    ASSERT_TRUE(check_form(transaction).ok()) << check_form(transaction).message();
    const Bytes bytes = transaction_bytes(transaction);
    const auto parsed = parse_transaction(bytes);
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    EXPECT_EQ(*parsed, transaction);
  }
}

TEST(Transactions, EachKindGoesToJsonAndBack) {
  for (const Transaction& transaction : one_of_each()) {
    const auto kind = kind_of(transaction.attachment);
    SCOPED_TRACE(kind_name(kind));
    const auto parsed = transaction_from_json(json::parse(transaction_to_json(transaction).dump()));
    if (!is_interpreted(kind)) {
      EXPECT_EQ(parsed.status().code(), Code::kUnsupported);
      continue;
    }
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    EXPECT_EQ(*parsed, transaction);
  }
}

TEST(Transactions, OlderVersions) {
  Transaction transaction = one_of_each()[0];
  transaction.cash_back_id = 0;
  transaction.version = 1;
  EXPECT_EQ(transaction_bytes(transaction).size(), 176u);
  EXPECT_EQ(*parse_transaction(transaction_bytes(transaction)), transaction);
  transaction.version = 0;
  transaction.ec_block_height = 0;
  transaction.ec_block_id = 0;
  EXPECT_EQ(transaction_bytes(transaction).size(), 160u);
  EXPECT_EQ(*parse_transaction(transaction_bytes(transaction)), transaction);
  transaction.attachment = ArbitraryMessage();
  transaction.amount_planck = 0;
  transaction.message = MessageAppendix{bytes_of("old"), false};
  EXPECT_EQ(transaction_bytes(transaction).size(), 160u + 4 + 3);
  EXPECT_EQ(*parse_transaction(transaction_bytes(transaction)), transaction);
}

// Cut anywhere or lengthened, the bytes are refused; nothing is guessed.
TEST(Transactions, CutsAndTails) {
  for (const Transaction& transaction : one_of_each()) {
    if (!is_interpreted(kind_of(transaction.attachment))) continue;  // its tail is free
    const Bytes bytes = transaction_bytes(transaction);
    for (size_t length = 0; length < bytes.size(); length++)
      EXPECT_EQ(parse_transaction(std::span(bytes).first(length)).status().code(), Code::kCorrupt);
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    EXPECT_EQ(parse_transaction(longer).status().code(), Code::kCorrupt);
  }
}

TEST(Transactions, WhatIsNotWellFormed) {
  const auto bad = [](size_t index, auto change) {
    Transaction transaction = one_of_each()[index];
    change(transaction);
    const Status status = check_form(transaction);
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << index;
    return status.message();
  };
  enum {
    kPay,
    kPayText,
    kPayEncrypted,
    kFull,
    kMulti,
    kSame,
    kMessage,
    kAsset,
    kAsk,
    kBid,
    kReward
  };
  bad(kPay, [](Transaction& t) { t.version = 3; });
  bad(kPay, [](Transaction& t) { t.timestamp = -1; });
  bad(kPay, [](Transaction& t) { t.deadline_minutes = 0; });
  bad(kPay, [](Transaction& t) { t.deadline_minutes = 0x8000; });
  bad(kPay, [](Transaction& t) { t.fee_planck = 0; });
  bad(kPay, [](Transaction& t) { t.amount_planck = 0; });
  bad(kPay, [](Transaction& t) { t.amount_planck = kMostPlanck; });
  bad(kPay, [](Transaction& t) { t.fee_planck = UINT64_MAX; });
  bad(kPay, [](Transaction& t) { t.version = 1; });  // with a cash-back account
  bad(kPayText, [](Transaction& t) { t.message->bytes.resize(1001); });
  bad(kPayText, [](Transaction& t) { t.message->bytes = {std::byte{0xFF}}; });
  bad(kPayEncrypted, [](Transaction& t) { t.encrypted_message->data.resize(1001); });
  bad(kPayEncrypted, [](Transaction& t) {
    t.encrypted_message = EncryptedAppendix{{}, {std::byte{1}}, true};
  });
  bad(kFull, [](Transaction& t) { t.recipient++; });
  bad(kMulti, [](Transaction& t) { t.amount_planck++; });
  bad(kMulti, [](Transaction& t) { t.recipient = 1; });
  bad(kMulti, [](Transaction& t) { t.attachment = MultiOutPayment{{{1, 11}}}; });
  bad(kMulti, [](Transaction& t) { t.attachment = MultiOutPayment{{{1, 5}, {1, 6}}}; });
  bad(kMulti, [](Transaction& t) { t.attachment = MultiOutPayment{{{1, 0}, {2, 11}}}; });
  bad(kSame, [](Transaction& t) { t.attachment = MultiSameOutPayment{{1, 2, 1}}; });
  bad(kSame, [](Transaction& t) {
    MultiSameOutPayment many;
    for (uint64_t i = 0; i < 129; i++) many.recipients.push_back(i);
    t.attachment = many;
    t.amount_planck = 129;
  });
  bad(kMessage, [](Transaction& t) { t.amount_planck = 1; });
  bad(kReward, [](Transaction& t) { t.amount_planck = 1; });
  bad(kAsset, [](Transaction& t) { t.encrypted_message = EncryptedAppendix(); });
  for (const size_t to_several : {kMulti, kSame}) {
    bad(to_several, [](Transaction& t) { t.message = MessageAppendix(); });
    bad(to_several, [](Transaction& t) { t.encrypted_to_self = EncryptedAppendix(); });
  }
  for (const AssetIssuance& asset :
       {AssetIssuance{"AB", "", 1, 0}, AssetIssuance{"ABCDEFGHIJK", "", 1, 0},
        AssetIssuance{"ABC", std::string(1001, 'x'), 1, 0},
        AssetIssuance{"ABC", "", 100'000'000'000'000'001, 0}, AssetIssuance{"ABC", "", 1, 9},
        AssetIssuance{"ABC", "\xFF", 1, 0}})
    bad(kAsset, [&](Transaction& t) { t.attachment = asset; });
  for (const AssetOrder& order :
       {AssetOrder{false, 0, 2, 3}, AssetOrder{false, 1, 0, 3}, AssetOrder{false, 1, 2, 0},
        AssetOrder{false, 1, uint64_t{1} << 63, 3}, AssetOrder{false, 1, 2, kMostPlanck + 1},
        AssetOrder{true, 1, INT64_MAX, 3}})
    bad(kAsk, [&](Transaction& t) { t.attachment = order; });
  bad(kReward, [](Transaction& t) { t.attachment = RemoveCommitment{kMostPlanck + 1}; });
}

// What signum-node takes in blocks although nobody means it (TransactionType.java,
// Transaction.java): read, but not signed.
TEST(Transactions, BlocksMayHoldWhatNobodySigns) {
  const KeyPair keys = keys_of("sender");
  const auto expect_read_only = [&](Attachment attachment, uint64_t amount, uint16_t deadline) {
    Transaction transaction = one_of_each()[0];
    transaction.attachment = std::move(attachment);
    transaction.amount_planck = amount;
    transaction.deadline_minutes = deadline;
    if (!has_recipient(transaction.attachment)) transaction.recipient = 0;
    const auto parsed = parse_transaction(transaction_bytes(transaction));
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    EXPECT_EQ(*parsed, transaction);
    const auto from_json = transaction_from_json(transaction_to_json(transaction));
    ASSERT_TRUE(from_json.ok()) << from_json.status().message();
    EXPECT_EQ(*from_json, transaction);
    EXPECT_EQ(sign(transaction, keys).code(), Code::kInvalidArgument);
    EXPECT_FALSE(transaction.is_signed());
  };
  expect_read_only(Payment(), 1, 1441);
  expect_read_only(Payment(), 1, 0x7FFF);
  expect_read_only(MultiSameOutPayment{{1, 2, 3}}, 100, 60);  // 1 planck is lost
  expect_read_only(MultiSameOutPayment{{1, 2, 3}}, 0, 60);
  expect_read_only(AddCommitment{0}, 0, 60);
  expect_read_only(RemoveCommitment{0}, 0, 60);
}

// Recipient 0 is where coins are burnt.
TEST(Transactions, NobodyIsARecipient) {
  Transaction transaction = one_of_each()[0];
  transaction.recipient = 0;
  EXPECT_TRUE(check_form(transaction).ok());
  EXPECT_TRUE(sign(transaction, keys_of("sender")).ok());
  EXPECT_EQ(*transaction_from_json(transaction_to_json(transaction)), transaction);
}

// Nodes count characters of descriptions as Java does: those beyond U+FFFF twice.
TEST(Transactions, DescriptionsAreCountedInUtf16) {
  Transaction transaction = one_of_each()[7];
  ASSERT_TRUE(std::holds_alternative<AssetIssuance>(transaction.attachment));
  const auto form_with = [&](std::string_view character, size_t count) {
    auto& description = std::get<AssetIssuance>(transaction.attachment).description;
    description.clear();
    for (size_t i = 0; i < count; i++) description += character;
    return check_form(transaction).ok();
  };
  for (const char* character : {"x", "ü", "✓"}) {
    EXPECT_TRUE(form_with(character, 1000)) << character;
    EXPECT_FALSE(form_with(character, 1001)) << character;
  }
  EXPECT_TRUE(form_with("😀", 500));
  EXPECT_FALSE(form_with("😀", 501));
  ASSERT_TRUE(form_with("✓", 1000));
  EXPECT_EQ(*parse_transaction(transaction_bytes(transaction)), transaction);
}

// Nodes keep the version of each part; what comes later than Quarry is no lie.
TEST(Transactions, LaterVersionsOfPartsAreNotInterpreted) {
  for (const size_t index : {1, 2, 4, 5, 6, 7, 8, 10, 11, 12, 14}) {
    const Transaction transaction = one_of_each()[index];
    SCOPED_TRACE(kind_name(kind_of(transaction.attachment)));
    const size_t first_part = 184;
    for (const auto& [version, code] : {std::pair{0, Code::kCorrupt},
                                        {3, Code::kUnsupported},
                                        {127, Code::kUnsupported},
                                        {128, Code::kCorrupt},
                                        {255, Code::kCorrupt}}) {
      Bytes bytes = transaction_bytes(transaction);
      bytes[first_part] = static_cast<std::byte>(version);
      EXPECT_EQ(parse_transaction(bytes).status().code(), code) << version;
      json object = transaction_to_json(transaction);
      for (auto& [name, value] : object["attachment"].items())
        if (name.starts_with("version.")) value = version;
      EXPECT_EQ(transaction_from_json(object).status().code(), code) << version;
    }
  }
  Bytes bytes = transaction_bytes(one_of_each()[14]);
  bytes.back() = std::byte{2};  // neither mintable nor not
  EXPECT_EQ(parse_transaction(bytes).status().code(), Code::kCorrupt);
}

TEST(Transactions, EmptyEncryptedMessagesHaveNoNonce) {
  const Transaction transaction = one_of_each()[16];
  EXPECT_EQ(transaction_bytes(transaction).size(), 184u + 5);
  const json object = transaction_to_json(transaction);
  EXPECT_EQ(object["attachment"]["encryptedMessage"]["nonce"], "");
  json lie = object;
  lie["attachment"]["encryptedMessage"]["nonce"] = std::string(64, '0');
  EXPECT_EQ(transaction_from_json(lie).status().code(), Code::kCorrupt);
}

// As nodes write it today, and as they did for some years.
TEST(Transactions, JsonNamesMessagesTwoWays) {
  const Transaction transaction = one_of_each()[1];
  json object = transaction_to_json(transaction);
  json& attachment = object["attachment"];
  EXPECT_EQ(attachment["message"], "dear ✓");
  attachment["messageBytes"] = attachment["message"];
  attachment.erase("message");
  EXPECT_EQ(*transaction_from_json(object), transaction);
}

TEST(Transactions, TotalsCountWhatIsLocked) {
  Transaction transaction = one_of_each()[11];
  ASSERT_TRUE(std::holds_alternative<AddCommitment>(transaction.attachment));
  EXPECT_EQ(*total_planck(transaction), 500 + transaction.fee_planck);
  transaction.attachment = AddCommitment{kMostPlanck};
  EXPECT_FALSE(total_planck(transaction).ok());
  transaction.attachment = AssetOrder{false, 1, INT64_MAX, 3};
  EXPECT_EQ(*total_planck(transaction), transaction.fee_planck);
  transaction.attachment = AssetOrder{true, 1, 7, 3};
  EXPECT_EQ(*total_planck(transaction), 21 + transaction.fee_planck);
  transaction.attachment = AssetOrder{true, 1, UINT64_MAX, 3};
  EXPECT_FALSE(total_planck(transaction).ok());
}

// What a stranger's node may say.
TEST(Transactions, JsonThatLies) {
  const json good = transaction_to_json(one_of_each()[3]);
  ASSERT_TRUE(transaction_from_json(good).ok());
  const auto changed = [&](const char* pointer, const json& value) {
    json object = good;
    object[json::json_pointer(pointer)] = value;
    return transaction_from_json(object).status().code();
  };
  for (const json& value : {json(), json(-1), json(1e300), json("x"), json::array(), json::object(),
                            json(std::string(999, 'f'))})
    for (const char* pointer :
         {"/type", "/subtype", "/version", "/timestamp", "/deadline", "/senderPublicKey",
          "/recipient", "/amountNQT", "/feeNQT", "/ecBlockHeight", "/ecBlockId", "/cashBackId",
          "/attachment/encryptedMessage/data", "/attachment/encryptedMessage/nonce",
          "/attachment/encryptedMessage/isText"})
      EXPECT_NE(changed(pointer, value), Code::kOk) << pointer << " = " << value;
  EXPECT_EQ(changed("/attachment/recipientPublicKey", std::string(64, '0')), Code::kCorrupt);
  for (const json& value : {json(), json(1), json("text"), json::array()})
    EXPECT_FALSE(transaction_from_json(value).ok());
}

TEST(Transactions, SignatureIsTheSenders) {
  Transaction transaction = one_of_each()[0];
  const KeyPair keys = keys_of("sender");
  ASSERT_TRUE(sign(transaction, keys).ok());
  EXPECT_TRUE(verify_signature(transaction));
  Transaction other = transaction;
  other.amount_planck++;
  EXPECT_FALSE(verify_signature(other));
  other = transaction;
  other.sender = keys_of("thief").public_key();
  EXPECT_FALSE(verify_signature(other));
  other.deadline_minutes = 0;
  EXPECT_EQ(sign(other, keys).code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace quarry::signum
