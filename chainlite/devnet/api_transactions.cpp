// Requests about transactions that exist.
#include <algorithm>

#include "base/hex.h"
#include "base/json.h"
#include "chainlite/devnet/api_call.h"
#include "chainlite/devnet/api_json.h"
#include "chainlite/signum/transaction_json.h"

namespace quarry::devnet {
namespace {

using nlohmann::json;

// Calls `confirmed` or `waiting` for the transaction of this id or full hash.
template <class Confirmed, class Waiting>
ApiResult find_transaction(ApiCall& call, std::optional<uint64_t> id,
                           const std::optional<Bytes>& full_hash, Confirmed confirmed,
                           Waiting waiting) {
  Hash256 hash{};
  if (full_hash) std::copy(full_hash->begin(), full_hash->end(), hash.begin());
  return call.chain.read([&](Ledger& ledger, const Mempool& mempool) -> ApiResult {
    const auto found = id ? ledger.transaction(*id) : ledger.transaction_by_hash(hash);
    if (found.ok()) return confirmed(ledger, *found);
    if (found.status().code() != Code::kNotFound) return found.status();
    const PendingTransaction* entry = mempool.find(id ? *id : signum::id_of(hash));
    if (entry == nullptr || (!id && entry->full_hash != hash)) return unknown("transaction");
    return waiting(*entry);
  });
}

template <class Show>
ApiResult list_waiting(ApiCall& call, const char* name, Show show) {
  const auto account = call.parameters.account("account");
  const bool include_indirect = call.parameters.is_true("includeIndirect");
  const int64_t timestamp = call.parameters.timestamp();
  if (!call.parameters.ok()) return call.parameters.error();
  const auto is_recipient = [&](const signum::Transaction& transaction) {
    const auto& attachment = transaction.attachment;
    if (const auto* multi = std::get_if<signum::MultiOutPayment>(&attachment))
      return std::ranges::any_of(multi->recipients,
                                 [&](const auto& pair) { return pair.first == *account; });
    if (const auto* same = std::get_if<signum::MultiSameOutPayment>(&attachment))
      return std::ranges::find(same->recipients, *account) != same->recipients.end();
    return false;
  };
  return call.chain.read([&](Ledger& ledger, const Mempool& mempool) -> ApiResult {
    json reply = {{name, json::array()}};
    for (const auto& entry : mempool.all()) {
      const auto& transaction = entry.transaction;
      if (transaction.timestamp < timestamp) continue;
      // 0 stands for all, as in the live node.
      const bool is_asked = !account || *account == 0 || transaction.sender_id() == *account ||
                            transaction.recipient == *account ||
                            (include_indirect && is_recipient(transaction));
      if (is_asked) reply[name].push_back(show(entry, ledger.network()));
    }
    return reply;
  });
}

// What a client wants to be taken for a transaction, as bytes or JSON.
struct Given {
  std::optional<signum::Transaction> transaction;
  json error;
};

json bad_transaction(const char* what, const Status& status) {
  return api_error(ApiError::kIncorrect,
                   std::string("Incorrect ") + what + ": " + status.message());
}

Given read_transaction(ApiCall& call, bool from_body) {
  auto& parameters = call.parameters;
  std::string bytes_text;
  if (const std::string* text = parameters.text("transactionBytes")) {
    bytes_text = *text;
  } else if (const std::string* type = call.request.header("Content-Type");
             from_body && (type == nullptr || type->find("form-urlencoded") == std::string::npos)) {
    // The first line of the body, quoted or not.
    bytes_text = call.request.body.substr(0, call.request.body.find_first_of("\r\n"));
    std::erase(bytes_text, '"');
  }
  const std::string* json_text = parameters.text("transactionJSON");
  if (!parameters.ok()) return {.transaction = {}, .error = parameters.error()};
  if (!bytes_text.empty()) {
    const auto bytes = parse_hex(bytes_text);
    if (!bytes.ok())
      return {.transaction = {}, .error = bad_transaction("transactionBytes", bytes.status())};
    auto parsed = signum::parse_transaction(*bytes);
    if (!parsed.ok())
      return {.transaction = {}, .error = bad_transaction("transactionBytes", parsed.status())};
    return {.transaction = std::move(*parsed), .error = {}};
  }
  if (json_text == nullptr)
    return {.transaction = {},
            .error =
                api_error(ApiError::kMissing,
                          "At least one of [transactionBytes, transactionJSON] must be specified")};
  const auto object = parse_json(*json_text, "the text");
  auto parsed = object.ok() ? signum::transaction_from_json(*object)
                            : Result<signum::Transaction>(object.status());
  if (!parsed.ok())
    return {.transaction = {}, .error = bad_transaction("transactionJSON", parsed.status())};
  return {.transaction = std::move(*parsed), .error = {}};
}

}  // namespace

ApiResult get_transaction(ApiCall& call) {
  const auto id = call.parameters.unsigned_integer("transaction");
  const auto hash = call.parameters.hex("fullHash", sizeof(Hash256));
  // Whichever was wrong, the live node calls it this.
  if (!call.parameters.ok()) return incorrect("transaction");
  if (!id && !hash) return missing("transaction");
  return find_transaction(
      call, id, hash,
      [](Ledger& ledger, const ChainTransaction& found) {
        return ApiResult(confirmed_json(found, ledger.height(), ledger.network()));
      },
      [&](const PendingTransaction& found) {
        return ApiResult(unconfirmed_json(found.transaction, call.chain.network()));
      });
}

ApiResult get_transaction_bytes(ApiCall& call) {
  const auto id = call.parameters.unsigned_integer("transaction");
  if (!call.parameters.ok()) return call.parameters.error();
  if (!id) return missing("transaction");
  const auto show = [](const signum::Transaction& transaction) {
    return json{{"transactionBytes", format_hex(signum::transaction_bytes(transaction))},
                {"unsignedTransactionBytes", format_hex(signum::signed_bytes(transaction))}};
  };
  return find_transaction(
      call, id, std::nullopt,
      [&](Ledger& ledger, const ChainTransaction& found) {
        json reply = show(found.transaction);
        reply["confirmations"] = ledger.height() - found.height;
        return ApiResult(std::move(reply));
      },
      [&](const PendingTransaction& found) { return ApiResult(show(found.transaction)); });
}

ApiResult get_unconfirmed_transactions(ApiCall& call) {
  return list_waiting(call, "unconfirmedTransactions",
                      [](const PendingTransaction& entry, const signum::Network& network) {
                        return unconfirmed_json(entry.transaction, network);
                      });
}

ApiResult get_unconfirmed_transaction_ids(ApiCall& call) {
  return list_waiting(call, "unconfirmedTransactionIds",
                      [](const PendingTransaction& entry, const signum::Network&) {
                        return json(std::to_string(entry.id));
                      });
}

ApiResult parse_transaction(ApiCall& call) {
  const Given given = read_transaction(call, false);
  if (!given.transaction) return given.error;
  const auto& transaction = *given.transaction;
  json reply = unconfirmed_json(transaction, call.chain.network());
  const int64_t now = call.chain.now();
  const Status valid = call.chain.read([&](Ledger& ledger, const Mempool& mempool) {
    return check_unsigned(ledger, transaction, now, mempool.pending());
  });
  if (!valid.ok()) {
    reply["validate"] = false;
    reply.update(api_error(ApiError::kIncorrect, "Invalid transaction: " + valid.message()));
    reply["error"] = valid.message();
  }
  reply["verify"] = signum::verify_signature(transaction);
  return reply;
}

ApiResult broadcast_transaction(ApiCall& call) {
  const Given given = read_transaction(call, true);
  if (!given.transaction) return given.error;
  const auto& transaction = *given.transaction;
  if (transaction.cash_back_id != call.chain.network().cash_back_id)
    return api_error(ApiError::kIncorrect,
                     "Incorrect transactionBytes: cash back ID mismatch, it must be " +
                         std::to_string(call.chain.network().cash_back_id));
  const Status status = call.chain.submit(transaction);
  if (!status.ok()) {
    json reply = api_error(ApiError::kIncorrect, "Incorrect transaction: " + status.message());
    reply["error"] = status.message();
    return reply;
  }
  const Hash256 hash = signum::full_hash(transaction);
  return json{{"transaction", std::to_string(signum::id_of(hash))},
              {"fullHash", format_hex(hash)},
              {"numberPeersSentTo", 0}};
}

}  // namespace quarry::devnet
