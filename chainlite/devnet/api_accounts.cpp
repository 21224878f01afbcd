// Requests about accounts.
#include <algorithm>
#include <vector>

#include "base/hex.h"
#include "chainlite/devnet/api_call.h"
#include "chainlite/devnet/api_json.h"

namespace quarry::devnet {
namespace {

using nlohmann::json;

constexpr uint32_t kMostItems = 500;  // of one reply, as the live node's

// Calls `answer(ledger, mempool, account)` for the account that the call names.
template <class Answer>
ApiResult with_account(ApiCall& call, Answer answer) {
  const uint64_t id = call.parameters.required_account();
  if (!call.parameters.ok()) return call.parameters.error();
  return call.chain.read([&](Ledger& ledger, const Mempool& mempool) -> ApiResult {
    const auto account = ledger.account(id);
    if (account.ok()) return answer(ledger, mempool, *account);
    if (account.status().code() == Code::kNotFound) return unknown("account");
    return account.status();
  });
}

struct TransactionQuery {
  TransactionFilter filter;
  Page page;
  bool include_indirect = false;
};

TransactionQuery read_query(ApiCall& call) {
  auto& parameters = call.parameters;
  TransactionQuery query;
  query.page = parameters.page(kMostItems);
  query.include_indirect = parameters.is_true("includeIndirect");
  query.filter.not_before = parameters.timestamp();
  const auto kind = [&](const char* name) -> std::optional<uint8_t> {
    const auto number = parameters.integer(name, -1, INT8_MAX);
    if (!number || *number < 0) return std::nullopt;
    return static_cast<uint8_t>(*number);
  };
  query.filter.type = kind("type");
  query.filter.subtype = kind("subtype");
  return query;
}

// Payments to many reach their recipients "indirectly".
bool is_indirect(const signum::Transaction& transaction, uint64_t account) {
  return transaction.sender_id() != account && transaction.recipient != account;
}

// The page's transactions, and whether more follow.
struct Found {
  std::vector<ChainTransaction> transactions;
  bool more = false;
};

Result<Found> find_transactions(Ledger& ledger, uint64_t account, const TransactionQuery& query) {
  constexpr uint32_t kBatch = 100;
  Found found;
  TransactionFilter filter = query.filter;
  filter.count = kBatch;
  for (uint32_t skipped = 0;; filter.first_index += kBatch) {
    QUARRY_ASSIGN(auto batch, ledger.transactions_of(account, filter));
    for (auto& transaction : batch) {
      if (!query.include_indirect && is_indirect(transaction.transaction, account)) continue;
      if (skipped < query.page.first) {
        skipped++;
        continue;
      }
      if (found.transactions.size() == query.page.count) {
        found.more = true;
        return found;
      }
      found.transactions.push_back(std::move(transaction));
    }
    if (batch.size() < kBatch) return found;
  }
}

template <class Show>
ApiResult list_transactions(ApiCall& call, const char* name, Show show) {
  auto query = read_query(call);
  const auto confirmations =
      call.parameters.integer("numberOfConfirmations", INT32_MIN, INT32_MAX).value_or(0);
  return with_account(
      call, [&](Ledger& ledger, const Mempool&, const Account& account) -> ApiResult {
        if (confirmations > int64_t{ledger.height()}) return incorrect("numberOfConfirmations");
        query.filter.most_height =
            ledger.height() - static_cast<uint32_t>(std::max<int64_t>(confirmations, 0));
        QUARRY_ASSIGN(const Found found, find_transactions(ledger, account.id, query));
        json reply = {{name, json::array()}};
        for (const auto& transaction : found.transactions)
          reply[name].push_back(show(transaction, ledger));
        if (found.more) reply["nextIndex"] = query.page.first + query.page.count;
        return reply;
      });
}

// Calls `add(list, ledger, id)` for the blocks that the account forged, newest first.
template <class Add>
ApiResult list_blocks(ApiCall& call, const char* name, uint32_t most, Add add) {
  const Page page = call.parameters.page(most);
  const int64_t not_before = call.parameters.timestamp();
  return with_account(
      call, [&](Ledger& ledger, const Mempool&, const Account& account) -> ApiResult {
        QUARRY_ASSIGN(auto ids, ledger.blocks_of(account.id, page.first, page.count + 1));
        json reply = {{name, json::array()}};
        if (ids.size() > page.count) {
          ids.pop_back();
          reply["nextIndex"] = page.first + page.count;
        }
        size_t bytes = 0;
        for (const uint64_t id : ids) {
          QUARRY_ASSIGN(const ChainBlock block, ledger.block_by_id(id));
          if (block.block.timestamp < not_before) break;
          if (bytes > kMostShownBytes) {
            reply["nextIndex"] = page.first + reply[name].size();
            break;
          }
          bytes += block.block.payload_length;
          QUARRY_TRY(add(reply[name], ledger, block));
        }
        return reply;
      });
}

}  // namespace

ApiResult get_account(ApiCall& call) {
  auto& parameters = call.parameters;
  const auto height = parameters.integer("height", 0, INT32_MAX);
  const bool with_committed = parameters.is_true("getCommittedAmount");
  const bool with_commitment = parameters.is_true("estimateCommitment");
  return with_account(
      call, [&](Ledger& ledger, const Mempool& mempool, const Account& account) -> ApiResult {
        const auto& network = ledger.network();
        if (height && *height > int64_t{ledger.height()}) return incorrect("height");
        if (height && *height != int64_t{ledger.height()})
          return api_error(ApiError::kOther, "Requested height not available");
        json reply = balance_json(account, mempool);
        if (with_committed) reply["committedBalanceNQT"] = std::to_string(account.committed_planck);
        if (with_commitment) {
          QUARRY_ASSIGN(const uint64_t commitment,
                        ledger.commitment_of(account.id, ledger.height()));
          reply["commitmentNQT"] = std::to_string(commitment);
        }
        put_account(reply, "account", account.id, network);
        reply["isAT"] = false;
        reply["isSecured"] = account.public_key.has_value();
        if (account.public_key) {
          reply["accountRSExtended"] = extended_address(*account.public_key, network);
          reply["publicKey"] = format_hex(*account.public_key);
        }
        return reply;
      });
}

ApiResult get_balance(ApiCall& call) {
  return with_account(call, [](Ledger&, const Mempool& mempool, const Account& account) {
    return ApiResult(balance_json(account, mempool));
  });
}

ApiResult get_guaranteed_balance(ApiCall& call) {
  return with_account(call, [](Ledger&, const Mempool&, const Account& account) {
    return ApiResult(json{{"guaranteedBalanceNQT", std::to_string(account.balance_planck)}});
  });
}

ApiResult get_account_id(ApiCall& call) {
  // A passphrase needs no network to become an account: it has no business here.
  if (call.request.parameter("secretPhrase") != nullptr) return not_allowed();
  const auto key = call.parameters.public_key("publicKey");
  if (!call.parameters.ok()) return call.parameters.error();
  if (!key) return missing("publicKey");
  const auto& network = call.chain.network();
  json reply = {{"publicKey", format_hex(*key)},
                {"accountRSExtended", extended_address(*key, network)}};
  put_account(reply, "account", signum::account_of(*key), network);
  return reply;
}

ApiResult get_account_public_key(ApiCall& call) {
  return with_account(call, [](Ledger&, const Mempool&, const Account& account) {
    json reply = json::object();
    if (account.public_key) reply["publicKey"] = format_hex(*account.public_key);
    return ApiResult(std::move(reply));
  });
}

ApiResult get_reward_recipient(ApiCall& call) {
  return with_account(call,
                      [](Ledger& ledger, const Mempool&, const Account& account) -> ApiResult {
                        QUARRY_ASSIGN(const auto assignment, ledger.reward_assignment(account.id));
                        const uint64_t recipient =
                            assignment ? assignment->recipient_at(ledger.height() + 1) : account.id;
                        return json{{"rewardRecipient", std::to_string(recipient)}};
                      });
}

ApiResult get_accounts_with_reward_recipient(ApiCall& call) {
  return with_account(
      call, [](Ledger& ledger, const Mempool&, const Account& account) -> ApiResult {
        QUARRY_ASSIGN(const auto accounts, ledger.accounts_with_reward_recipient(account.id));
        QUARRY_ASSIGN(const auto own, ledger.reward_assignment(account.id));
        json list = json::array();
        for (const uint64_t id : accounts) {
          QUARRY_ASSIGN(const auto assignment, ledger.reward_assignment(id));
          if (assignment && assignment->from_height <= ledger.height() + 1)
            list.push_back(std::to_string(id));
        }
        if (!own) list.push_back(std::to_string(account.id));
        return json{{"accounts", std::move(list)}};
      });
}

ApiResult get_account_transactions(ApiCall& call) {
  return list_transactions(call, "transactions",
                           [](const ChainTransaction& transaction, Ledger& ledger) {
                             return confirmed_json(transaction, ledger.height(), ledger.network());
                           });
}

ApiResult get_account_transaction_ids(ApiCall& call) {
  return list_transactions(call, "transactionIds", [](const auto& transaction, Ledger&) {
    return json(std::to_string(transaction.id));
  });
}

ApiResult get_account_blocks(ApiCall& call) {
  const bool include = call.parameters.is_true("includeTransactions");
  return list_blocks(call, "blocks", kMostBlocks,
                     [&](json& list, Ledger& ledger, const ChainBlock& block) -> Status {
                       QUARRY_ASSIGN(json shown, block_json(ledger, block, include));
                       list.push_back(std::move(shown));
                       return Status();
                     });
}

ApiResult get_account_block_ids(ApiCall& call) {
  return list_blocks(call, "blockIds", kMostItems,
                     [](json& list, Ledger&, const ChainBlock& block) -> Status {
                       list.push_back(std::to_string(block.id));
                       return Status();
                     });
}

}  // namespace quarry::devnet
