// quarry wallet send, history, balance, fund: what needs a node.
#include "base/hex.h"
#include "base/json.h"
#include "chainlite/signum/address.h"
#include "chainlite/signum/amount.h"
#include "chainlite/signum/encryption.h"
#include "chainlite/signum/send.h"
#include "chainlite/signum/transaction_json.h"
#include "cli/command.h"
#include "cli/wallet.h"
#include "host/clock.h"

namespace quarry::cli {
namespace {

Result<uint64_t> coins(const Arguments& arguments, const std::string& flag) {
  const auto planck = signum::parse_coins(arguments.text(flag));
  if (!planck.ok()) return arguments.usage_error("--" + flag + ": " + planck.status().message());
  return planck;
}

// "ACCOUNT=COINS ..." as a payment to several.
Result<signum::Draft> draft_to_several(const Arguments& arguments) {
  signum::MultiOutPayment payment;
  signum::Draft draft;
  for (const std::string& item : arguments.list("to")) {
    const size_t equals = item.find('=');
    const auto account = signum::parse_account(item.substr(0, equals));
    if (equals == item.npos || !account.ok())
      return arguments.usage_error("--to: write several recipients as ACCOUNT=COINS");
    const auto planck = signum::parse_coins(item.substr(equals + 1));
    if (!planck.ok()) return arguments.usage_error("--to: " + planck.status().message());
    payment.recipients.emplace_back(*account, *planck);
    draft.amount_planck += *planck;
  }
  draft.attachment = std::move(payment);
  return draft;
}

Result<signum::Draft> draft_kind(const Arguments& arguments) {
  signum::Draft draft;
  const auto targets = arguments.list("to");
  const int kinds = (arguments.has("to") ? 1 : 0) + (arguments.has("reward-recipient") ? 1 : 0) +
                    (arguments.has("add-commitment") ? 1 : 0) +
                    (arguments.has("remove-commitment") ? 1 : 0);
  if (kinds != 1)
    return arguments.usage_error(
        "say what to send: --to, --reward-recipient, --add-commitment or --remove-commitment");
  if (arguments.has("add-commitment")) {
    QUARRY_ASSIGN(const uint64_t planck, coins(arguments, "add-commitment"));
    draft.attachment = signum::AddCommitment{planck};
  } else if (arguments.has("remove-commitment")) {
    QUARRY_ASSIGN(const uint64_t planck, coins(arguments, "remove-commitment"));
    draft.attachment = signum::RemoveCommitment{planck};
  } else if (arguments.has("reward-recipient")) {
    QUARRY_ASSIGN(draft.recipient, arguments.account("reward-recipient"));
    draft.attachment = signum::RewardRecipientAssignment();
  } else if (targets.size() > 1 || targets[0].find('=') != std::string::npos) {
    return draft_to_several(arguments);
  } else {
    QUARRY_ASSIGN(draft.recipient, arguments.account("to"));
    if (arguments.has("amount")) {
      QUARRY_ASSIGN(draft.amount_planck, coins(arguments, "amount"));
      draft.attachment = signum::Payment();
    } else if (arguments.has("message")) {
      draft.attachment = signum::ArbitraryMessage();
    } else {
      return arguments.usage_error("give --amount COINS, or a --message TEXT");
    }
  }
  return draft;
}

// The recipient's public key, as the node tells it; it must be the account's.
Result<signum::PublicKey> recipient_key(const Node& node, uint64_t account, const Cancel& cancel) {
  QUARRY_ASSIGN(
      const auto reply,
      node.client->call("getAccountPublicKey", {{"account", std::to_string(account)}}, cancel));
  const auto key = read_hex_array<32>(reply, "publicKey");
  if (!key.ok())
    return Status(Code::kNotFound, "account " + std::to_string(account) +
                                       " has no public key in the chain, so nothing can be "
                                       "encrypted for it: it must send something first");
  if (signum::account_of(*key) != account)
    return Status(Code::kRefused, node.client->name() +
                                      " names a public key that is not that of "
                                      "account " +
                                      std::to_string(account) + ": do not use this node");
  return key;
}

Status add_message(const Arguments& arguments, const Node& node, const signum::KeyPair& keys,
                   const Cancel& cancel, signum::Draft& draft) {
  if (!arguments.has("message")) {
    if (arguments.is_on("encrypt"))
      return arguments.usage_error("--encrypt: there is no --message to encrypt");
    return Status();
  }
  const std::string message = arguments.text("message");
  const auto bytes = text_bytes(message);
  if (!arguments.is_on("encrypt")) {
    draft.message = signum::MessageAppendix{Bytes(bytes.begin(), bytes.end()), true};
    return Status();
  }
  QUARRY_ASSIGN(const auto key, recipient_key(node, draft.recipient, cancel));
  QUARRY_ASSIGN(auto encrypted, signum::encrypt_message(keys.agreement_key(), key, bytes));
  draft.encrypted_message =
      signum::EncryptedAppendix{std::move(encrypted.data), encrypted.nonce, true};
  return Status();
}

// The account that an action is about: an account, or the name of a key.
Result<uint64_t> account_argument(const Arguments& arguments) {
  if (arguments.positional().size() == 2)
    if (const auto account = signum::parse_account(arguments.positional()[1]); account.ok())
      return account;
  QUARRY_ASSIGN(const std::string name, key_name(arguments));
  QUARRY_ASSIGN(KeyFolder folder, key_folder(arguments));
  QUARRY_ASSIGN(const StoredKey stored, folder.load(name));
  return signum::account_of(stored.file.info.public_key);
}

}  // namespace

Result<int> wallet_send(const Arguments& arguments, Session& session) {
  QUARRY_ASSIGN(signum::Draft draft, draft_kind(arguments));
  if (arguments.has("fee")) {
    QUARRY_ASSIGN(draft.fee_planck, coins(arguments, "fee"));
  }
  QUARRY_ASSIGN(const uint64_t deadline,
                arguments.number("deadline", signum::kMostDeadlineMinutes));
  if (deadline < 1 || deadline > signum::kMostDeadlineMinutes)
    return arguments.usage_error("--deadline: 1 to 1440 minutes");
  draft.deadline_minutes = static_cast<uint16_t>(deadline);

  QUARRY_ASSIGN(const Node node, open_node(arguments));
  QUARRY_ASSIGN(const signum::KeyPair keys, unlock_key(arguments, session));
  QUARRY_TRY(add_message(arguments, node, keys, session.cancel(), draft));
  QUARRY_ASSIGN(auto transaction,
                signum::prepare(*node.client, draft, keys.public_key(),
                                real_wall_clock().unix_seconds(), session.cancel()));
  QUARRY_TRY(signum::sign(transaction, keys));
  const bool dry_run = arguments.is_on("dry-run");
  if (!dry_run) QUARRY_TRY(signum::broadcast(*node.client, transaction, session.cancel()));
  const Hash256 hash = signum::full_hash(transaction);
  const std::string id = json_u64(signum::id_of(hash));
  const std::string kind = signum::kind_name(signum::kind_of(transaction.attachment));
  session.print({{"transaction", id},
                 {"full_hash", format_hex(hash)},
                 {"kind", kind},
                 {"amount_planck", json_u64(transaction.amount_planck)},
                 {"fee_planck", json_u64(transaction.fee_planck)},
                 {"bytes", format_hex(signum::transaction_bytes(transaction))},
                 {"sent", !dry_run}},
                kind + (dry_run ? ", signed and not sent: " : " sent: transaction ") + id +
                    ", fee " + signum::format_coins(transaction.fee_planck) + "\n" +
                    (dry_run ? format_hex(signum::transaction_bytes(transaction)) + "\n" : ""));
  return kExitDone;
}

Result<int> wallet_history(const Arguments& arguments, Session& session) {
  QUARRY_ASSIGN(const uint64_t account, account_argument(arguments));
  QUARRY_ASSIGN(const uint64_t count, arguments.number("count", 20));
  if (count < 1 || count > 500) return arguments.usage_error("--count: 1 to 500");
  QUARRY_ASSIGN(const Node node, open_node(arguments));
  QUARRY_ASSIGN(const auto reply, node.client->call("getAccountTransactions",
                                                    {{"account", std::to_string(account)},
                                                     {"firstIndex", "0"},
                                                     {"lastIndex", std::to_string(count - 1)},
                                                     {"includeIndirect", "true"}},
                                                    session.cancel()));
  QUARRY_ASSIGN(const nlohmann::json* list, read_array(reply, "transactions", count));
  QUARRY_ASSIGN(const std::string prefix, address_prefix(node, session.cancel()));
  Json entries = Json::array();
  std::vector<std::vector<std::string>> rows = {
      {"TRANSACTION", "KIND", "FROM", "TO", "COINS", "CONFIRMATIONS", "SIGNATURE"}};
  for (const auto& object : *list) {
    // What the sender signed can be checked here; when it was confirmed cannot.
    const auto transaction = signum::transaction_from_json(object);
    if (!transaction.ok()) {
      session.warn(transaction.status().with_context("a transaction in the history"));
      continue;
    }
    const std::string id = json_u64(signum::id_of(signum::full_hash(*transaction)));
    const bool holds = signum::verify_signature(*transaction);
    const auto confirmations = read_u64(object, "confirmations");
    const std::string kind = signum::kind_name(signum::kind_of(transaction->attachment));
    const std::string sender = signum::format_address(transaction->sender_id(), prefix);
    const std::string recipient = signum::has_recipient(transaction->attachment)
                                      ? signum::format_address(transaction->recipient, prefix)
                                      : "";
    entries.push_back({{"transaction", id},
                       {"kind", kind},
                       {"sender", json_u64(transaction->sender_id())},
                       {"recipient", json_u64(transaction->recipient)},
                       {"amount_planck", json_u64(transaction->amount_planck)},
                       {"fee_planck", json_u64(transaction->fee_planck)},
                       {"timestamp", transaction->timestamp},
                       {"content", holds ? "verified" : "reported"},
                       {"confirmations", confirmations.ok() ? Json(*confirmations) : Json()},
                       {"confirmed", "reported"}});
    rows.push_back({id, kind, sender, recipient, signum::format_coins(transaction->amount_planck),
                    confirmations.ok() ? std::to_string(*confirmations) : "waits",
                    holds ? "holds" : "DOES NOT HOLD"});
  }
  session.print({{"account", json_u64(account)}, {"transactions", entries}},
                format_table(rows, {4, 5}));
  return kExitDone;
}

Result<int> wallet_balance(const Arguments& arguments, Session& session) {
  QUARRY_ASSIGN(const uint64_t account, account_argument(arguments));
  QUARRY_ASSIGN(const Node node, open_node(arguments));
  QUARRY_ASSIGN(const auto reply, node.client->call("getAccount",
                                                    {{"account", std::to_string(account)},
                                                     {"getCommittedAmount", "true"}},
                                                    session.cancel()));
  QUARRY_ASSIGN(const uint64_t balance, read_u64(reply, "balanceNQT"));
  QUARRY_ASSIGN(const uint64_t spendable, read_u64(reply, "unconfirmedBalanceNQT"));
  const auto committed = read_u64(reply, "committedBalanceNQT");
  session.print(
      {{"account", json_u64(account)},
       {"balance_planck", json_u64(balance)},
       {"spendable_planck", json_u64(spendable)},
       {"committed_planck", committed.ok() ? Json(json_u64(*committed)) : Json()},
       {"evidence", "reported"}},
      format_table({{"balance", signum::format_coins(balance)},
                    {"spendable", signum::format_coins(spendable)},
                    {"committed", committed.ok() ? signum::format_coins(*committed) : "unknown"}}) +
          "as " + node.client->name() + " reports\n");
  return kExitDone;
}

Result<int> wallet_fund(const Arguments& arguments, Session& session) {
  QUARRY_ASSIGN(const uint64_t account, account_argument(arguments));
  std::vector<Parameter> parameters = {{"account", std::to_string(account)}};
  if (arguments.has("amount")) {
    QUARRY_ASSIGN(const uint64_t planck, coins(arguments, "amount"));
    parameters.push_back({"amountNQT", std::to_string(planck)});
  }
  QUARRY_ASSIGN(const Node node, open_node(arguments));
  auto reply = node.client->call("faucet", parameters, session.cancel(), true);
  if (!reply.ok()) return reply.status().with_context("only a devnet has a faucet");
  QUARRY_ASSIGN(const std::string id, read_text(*reply, "transaction"));
  session.print({{"account", json_u64(account)}, {"transaction", id}},
                "the faucet sends transaction " + id + ": it counts when a block has taken it\n");
  return kExitDone;
}

}  // namespace quarry::cli
