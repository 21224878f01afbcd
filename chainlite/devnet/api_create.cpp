// Requests that make a transaction: for a public key, unsigned; for a passphrase
// of this machine, signed and broadcast.
//
// Facts: signum-node, APITransactionManagerImpl and the handlers above it.
#include <algorithm>

#include "base/hex.h"
#include "base/units.h"
#include "chainlite/devnet/api_call.h"
#include "chainlite/devnet/api_json.h"

namespace quarry::devnet {
namespace {

using nlohmann::json;

constexpr uint64_t kFaucetDefaultPlanck = 1'000 * signum::kPlanckPerCoin;
constexpr uint64_t kFaucetMostPlanck = 1'000'000 * signum::kPlanckPerCoin;
constexpr int64_t kMostAmount = static_cast<int64_t>(signum::kMostPlanck) - 1;

// Missing and 0 burn the coins, as the live node has it.
uint64_t read_recipient(ApiParameters& parameters) {
  return parameters.account("recipient").value_or(0);
}

uint64_t read_amount(ApiParameters& parameters) {
  const auto amount = parameters.integer("amountNQT", 1, kMostAmount, "amount");
  if (!amount) parameters.fail(missing("amountNQT"));
  return static_cast<uint64_t>(amount.value_or(0));
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// The parts of "recipients", between `least` and `most` of them.
std::vector<std::string> read_recipients(ApiParameters& parameters, size_t most) {
  const std::string* text = parameters.text("recipients");
  if (text == nullptr) {
    parameters.fail(api_error(ApiError::kMissing, "Recipients not specified"));
    return {};
  }
  const auto count = static_cast<size_t>(std::ranges::count(*text, ';')) + 1;
  if (count < 2 || count > most) {
    parameters.fail(api_error(ApiError::kIncorrect, "Invalid number of recipients"));
    return {};
  }
  return split(*text, ';');
}

std::optional<signum::EncryptedAppendix> read_encrypted(ApiParameters& parameters,
                                                        const std::string& prefix,
                                                        const char* is_text) {
  const auto data = parameters.hex((prefix + "Data").c_str());
  const auto nonce = parameters.hex((prefix + "Nonce").c_str(), 32);
  if (!data || !nonce) return std::nullopt;
  signum::EncryptedAppendix appendix;
  appendix.data = *data;
  std::copy(nonce->begin(), nonce->end(), appendix.nonce.begin());
  appendix.is_text = !parameters.is_false(is_text);
  return appendix;
}

void read_message(ApiParameters& parameters, signum::Transaction& transaction) {
  const std::string* text = parameters.text("message");
  if (text == nullptr) return;
  signum::MessageAppendix message;
  message.is_text = !parameters.is_false("messageIsText");
  if (message.is_text) {
    const auto bytes = text_bytes(*text);
    message.bytes.assign(bytes.begin(), bytes.end());
  } else if (auto bytes = parameters.hex("message")) {
    message.bytes = std::move(*bytes);
  }
  transaction.message = std::move(message);
}

// What all such requests have: appendages, deadline, fee, reference.
void read_common(ApiParameters& parameters, signum::Transaction& transaction) {
  if (signum::has_recipient(transaction.attachment))
    transaction.encrypted_message =
        read_encrypted(parameters, "encryptedMessage", "messageToEncryptIsText");
  transaction.encrypted_to_self =
      read_encrypted(parameters, "encryptToSelfMessage", "messageToEncryptToSelfIsText");
  for (const char* name : {"messageToEncrypt", "messageToEncryptToSelf"})
    if (parameters.text(name) != nullptr)
      parameters.fail(api_error(ApiError::kNotAllowed,
                                "This node encrypts nothing: give data and nonce instead of \"" +
                                    std::string(name) + "\""));
  read_message(parameters, transaction);
  if (signum::has_recipient(transaction.attachment))
    transaction.announced_key = parameters.public_key("recipientPublicKey");
  const auto deadline = parameters.integer("deadline", 1, signum::kMostDeadlineMinutes);
  if (!deadline) parameters.fail(missing("deadline"));
  transaction.deadline_minutes = static_cast<uint16_t>(deadline.value_or(1));
  const auto fee = parameters.integer("feeNQT", 0, kMostAmount, "fee");
  if (!fee) parameters.fail(missing("feeNQT"));
  transaction.fee_planck = static_cast<uint64_t>(fee.value_or(0));
  if (const auto hash = parameters.hex("referencedTransactionFullHash", sizeof(Hash256)))
    std::copy(hash->begin(), hash->end(), transaction.referenced_full_hash.begin());
}

// Fills in time and binding, and checks all but the signature. An error of the
// API, or null.
Result<json> complete(ApiCall& call, signum::Transaction& transaction) {
  const int64_t now = call.chain.now();
  const auto& network = call.chain.network();
  return call.chain.read([&](Ledger& ledger, const Mempool& mempool) -> Result<json> {
    const uint64_t sender = transaction.sender_id();
    const auto account = ledger.account(sender);
    if (!account.ok() && account.status().code() == Code::kNotFound) return unknown("account");
    if (!account.ok()) return account.status();
    if (transaction.fee_planck < network.fee_quant(ledger.height())) return incorrect("fee");
    const auto total = signum::total_planck(transaction);
    const auto& spent = mempool.pending().spent_planck;
    const auto pending = spent.find(sender);
    const uint64_t gone = pending == spent.end() ? 0 : pending->second;
    if (!total.ok() || gone > account->spendable_planck() ||
        *total > account->spendable_planck() - gone)
      return api_error(ApiError::kNotEnough, "Not enough funds");

    transaction.version = network.transaction_version(ledger.height() + 1);
    transaction.timestamp = static_cast<int32_t>(now);
    transaction.cash_back_id = network.cash_back_id;
    QUARRY_ASSIGN(const EcBlock block, ec_block(ledger, now));
    transaction.ec_block_height = block.height;
    transaction.ec_block_id = block.id;
    const Status status = check_unsigned(ledger, transaction, now, mempool.pending());
    if (status.ok()) return json();
    if (status.code() == Code::kInvalidArgument)
      return api_error(ApiError::kIncorrect, status.message());
    return status;
  });
}

// Answers for a transaction whose kind, recipient and amount are there.
ApiResult create(ApiCall& call, signum::Transaction transaction) {
  auto& parameters = call.parameters;
  const auto keys = keys_of_call(call);
  const auto public_key = parameters.public_key("publicKey");
  if (!keys && !public_key)
    parameters.fail(api_error(ApiError::kMissing,
                              "At least one of [secretPhrase, publicKey] must be specified"));
  read_common(parameters, transaction);
  if (!parameters.ok()) return parameters.error();
  transaction.sender = keys ? keys->public_key() : *public_key;
  QUARRY_ASSIGN(json error, complete(call, transaction));
  if (!error.is_null()) return error;

  json reply = {{"broadcasted", false},
                {"unsignedTransactionBytes", format_hex(signum::signed_bytes(transaction))}};
  if (keys) {
    QUARRY_TRY(signum::sign(transaction, *keys));
    if (!parameters.is_false("broadcast")) {
      const Status status = call.chain.submit(transaction);
      if (!status.ok()) return api_error(ApiError::kIncorrect, status.message());
      reply["broadcasted"] = true;
      reply["numberPeersSentTo"] = 0;
    }
    const Hash256 hash = signum::full_hash(transaction);
    reply["transaction"] = std::to_string(signum::id_of(hash));
    reply["fullHash"] = format_hex(hash);
    reply["signatureHash"] = format_hex(sha256(transaction.signature));
    reply["transactionBytes"] = format_hex(signum::transaction_bytes(transaction));
  }
  reply["transactionJSON"] = unconfirmed_json(transaction, call.chain.network());
  return reply;
}

}  // namespace

ApiResult send_money(ApiCall& call) {
  signum::Transaction transaction;
  transaction.recipient = read_recipient(call.parameters);
  transaction.amount_planck = read_amount(call.parameters);
  return create(call, std::move(transaction));
}

ApiResult send_money_multi(ApiCall& call) {
  signum::MultiOutPayment payment;
  signum::Transaction transaction;
  const auto wrong = api_error(ApiError::kIncorrect, "Invalid recipients parameter");
  for (const auto& part : read_recipients(call.parameters, signum::kMostMultiOut)) {
    const size_t colon = part.find(':');
    const auto account = parse_u64(part.substr(0, colon));
    const auto amount =
        parse_u64(colon == std::string::npos ? std::string() : part.substr(colon + 1));
    if (!account.ok() || !amount.ok() || *amount > signum::kMostPlanck) {
      call.parameters.fail(wrong);
      break;
    }
    payment.recipients.emplace_back(*account, *amount);
    transaction.amount_planck += *amount;
  }
  transaction.attachment = std::move(payment);
  return create(call, std::move(transaction));
}

ApiResult send_money_multi_same(ApiCall& call) {
  signum::MultiSameOutPayment payment;
  signum::Transaction transaction;
  const uint64_t amount = read_amount(call.parameters);
  const auto wrong = api_error(ApiError::kIncorrect, "Invalid recipients parameter");
  for (const auto& part : read_recipients(call.parameters, signum::kMostMultiSameOut)) {
    const auto account = parse_u64(part);
    if (!account.ok()) {
      call.parameters.fail(wrong);
      break;
    }
    payment.recipients.push_back(*account);
  }
  const uint64_t count = payment.recipients.size();
  if (count > 0 && amount > signum::kMostPlanck / count) call.parameters.fail(wrong);
  transaction.amount_planck = call.parameters.ok() ? amount * count : 0;
  transaction.attachment = std::move(payment);
  return create(call, std::move(transaction));
}

ApiResult send_message(ApiCall& call) {
  signum::Transaction transaction;
  transaction.attachment = signum::ArbitraryMessage();
  transaction.recipient = read_recipient(call.parameters);
  return create(call, std::move(transaction));
}

ApiResult set_reward_recipient(ApiCall& call) {
  signum::Transaction transaction;
  transaction.attachment = signum::RewardRecipientAssignment();
  transaction.recipient = read_recipient(call.parameters);
  if (!call.parameters.ok()) return call.parameters.error();
  const auto recipient = call.chain.read(
      [&](Ledger& ledger, const Mempool&) { return ledger.account_or_new(transaction.recipient); });
  if (!recipient.ok()) return recipient.status();
  if (!recipient->public_key)
    return api_error(ApiError::kOther, "recipient account does not have public key");
  return create(call, std::move(transaction));
}

ApiResult add_commitment(ApiCall& call) {
  signum::Transaction transaction;
  transaction.attachment = signum::AddCommitment{read_amount(call.parameters)};
  return create(call, std::move(transaction));
}

ApiResult remove_commitment(ApiCall& call) {
  signum::Transaction transaction;
  transaction.attachment = signum::RemoveCommitment{read_amount(call.parameters)};
  return create(call, std::move(transaction));
}

ApiResult faucet(ApiCall& call) {
  auto& parameters = call.parameters;
  const auto most = static_cast<int64_t>(kFaucetMostPlanck);
  signum::Transaction transaction;
  transaction.recipient = parameters.required_account();
  transaction.amount_planck =
      static_cast<uint64_t>(parameters.integer("amountNQT", 1, most, "amount")
                                .value_or(static_cast<int64_t>(kFaucetDefaultPlanck)));
  transaction.announced_key = parameters.public_key("publicKey");
  transaction.sender = call.faucet.public_key();
  transaction.fee_planck = call.chain.read([](Ledger& ledger, const Mempool&) {
    constexpr uint32_t kAnnouncementBytes = 33;
    return ledger.network().minimum_fee(std::max(ledger.height(), 1u), kAnnouncementBytes);
  });
  if (!parameters.ok()) return parameters.error();
  QUARRY_ASSIGN(json error, complete(call, transaction));
  if (!error.is_null()) return error;
  QUARRY_TRY(signum::sign(transaction, call.faucet));
  const Status status = call.chain.submit(transaction);
  if (!status.ok()) return api_error(ApiError::kIncorrect, status.message());
  const Hash256 hash = signum::full_hash(transaction);
  return json{{"transaction", std::to_string(signum::id_of(hash))},
              {"fullHash", format_hex(hash)},
              {"amountNQT", std::to_string(transaction.amount_planck)}};
}

}  // namespace quarry::devnet
