#include "chainlite/devnet/api_json.h"

#include <algorithm>
#include <array>

#include "base/hex.h"
#include "chainlite/devnet/effects.h"
#include "chainlite/signum/address.h"
#include "chainlite/signum/transaction_json.h"

namespace quarry::devnet {

using nlohmann::json;

namespace {

// Bytes before the attachment.
size_t head_bytes(uint8_t version) { return version == 0 ? 160 : version == 1 ? 176 : 184; }

}  // namespace

void put_account(json& object, const std::string& name, uint64_t account,
                 const signum::Network& network) {
  object[name] = std::to_string(account);
  object[name + "RS"] = signum::format_address(account, network.address_prefix);
}

std::string extended_address(const signum::PublicKey& key, const signum::Network& network) {
  // The key, its first byte the highest, divided by 36 until nothing is left.
  std::array<unsigned, sizeof(key)> number{};
  for (size_t i = 0; i < number.size(); i++) number[i] = static_cast<unsigned>(key[i]);
  std::string digits;
  while (std::ranges::any_of(number, [](unsigned byte) { return byte != 0; })) {
    unsigned rest = 0;
    for (unsigned& byte : number) {
      rest = rest * 256 + byte;
      byte = rest / 36;
      rest %= 36;
    }
    digits += "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[rest];
  }
  std::ranges::reverse(digits);
  return signum::format_address(signum::account_of(key), network.address_prefix) + "-" + digits;
}

json unconfirmed_json(const signum::Transaction& transaction, const signum::Network& network) {
  json object = signum::transaction_to_json(transaction);
  object["amountNQT"] = std::to_string(transaction.amount_planck);
  object["feeNQT"] = std::to_string(transaction.fee_planck);
  object.erase("recipient");
  if (transaction.recipient != 0) put_account(object, "recipient", transaction.recipient, network);
  put_account(object, "sender", transaction.sender_id(), network);
  object["cashBackId"] = std::to_string(transaction.cash_back_id);
  object["height"] = INT32_MAX;
  if (transaction.is_signed()) {
    const Hash256 hash = signum::full_hash(transaction);
    object["transaction"] = std::to_string(signum::id_of(hash));
    object["fullHash"] = format_hex(hash);
    object["signatureHash"] = format_hex(sha256(transaction.signature));
  } else {
    object.erase("signature");
  }
  json& attachment = object["attachment"];
  // Between nodes the text goes by another name.
  if (const auto message = attachment.find("messageBytes"); message != attachment.end()) {
    attachment["message"] = *message;
    attachment.erase("messageBytes");
  }
  if (attachment.empty()) {
    object.erase("attachment");
  } else {
    const Bytes bytes = signum::transaction_bytes(transaction);
    object["attachmentBytes"] =
        format_hex(std::span(bytes).subspan(head_bytes(transaction.version)));
  }
  return object;
}

json confirmed_json(const ChainTransaction& transaction, uint32_t height,
                    const signum::Network& network) {
  json object = unconfirmed_json(transaction.transaction, network);
  object["height"] = transaction.height;
  object["block"] = std::to_string(transaction.block);
  object["blockTimestamp"] = transaction.block_timestamp;
  object["confirmations"] = height - transaction.height;
  return object;
}

Result<json> block_json(Ledger& ledger, const ChainBlock& chain_block, bool include_transactions) {
  const auto& block = chain_block.block;
  const auto& network = ledger.network();
  const uint32_t height = chain_block.height;
  const uint64_t reward = signum::block_reward(network, height);
  json object = {
      {"block", std::to_string(chain_block.id)},
      {"height", height},
      {"generatorPublicKey", format_hex(block.generator)},
      {"nonce", std::to_string(block.nonce)},
      {"scoopNum", signum::scoop_number(block.generation_signature, height)},
      {"timestamp", block.timestamp},
      {"numberOfTransactions", block.transactions.size()},
      {"totalAmountNQT", std::to_string(block.total_amount_planck)},
      {"totalFeeNQT", std::to_string(block.total_fee_planck)},
      {"totalFeeCashBackNQT", std::to_string(cash_back_planck(network, block))},
      {"totalFeeBurntNQT", "0"},
      {"blockRewardNQT", std::to_string(reward)},
      {"blockReward", std::to_string(reward / signum::kPlanckPerCoin)},
      {"payloadLength", block.payload_length},
      {"version", block.version},
      {"baseTarget", std::to_string(chain_block.base_target.capacity)},
      {"averageCommitmentNQT", std::to_string(chain_block.base_target.average_commitment)},
      {"cumulativeDifficulty", chain_block.cumulative_difficulty.text()},
      {"payloadHash", format_hex(block.payload_hash)},
      {"generationSignature", format_hex(block.generation_signature)},
      {"blockSignature", format_hex(block.signature)},
      {"transactions", json::array()}};
  put_account(object, "generator", block.generator_id(), network);
  if (block.previous_block != 0) object["previousBlock"] = std::to_string(block.previous_block);
  if (block.version > 1) object["previousBlockHash"] = format_hex(block.previous_block_hash);
  if (height < ledger.height()) {
    QUARRY_ASSIGN(const uint64_t next, ledger.block_id_at(height + 1));
    object["nextBlock"] = std::to_string(next);
  }
  ChainTransaction shown;
  shown.height = height;
  shown.block = chain_block.id;
  shown.block_timestamp = block.timestamp;
  for (const auto& transaction : block.transactions) {
    if (include_transactions) {
      shown.transaction = transaction;
      object["transactions"].push_back(confirmed_json(shown, ledger.height(), network));
    } else {
      object["transactions"].push_back(
          std::to_string(signum::id_of(signum::full_hash(transaction))));
    }
  }
  return object;
}

json balance_json(const Account& account, const Mempool& mempool) {
  const auto& spent = mempool.pending().spent_planck;
  const auto found = spent.find(account.id);
  const uint64_t pending = found == spent.end() ? 0 : found->second;
  const uint64_t spendable = account.spendable_planck();
  return {{"balanceNQT", std::to_string(account.balance_planck)},
          {"unconfirmedBalanceNQT", std::to_string(spendable - std::min(pending, spendable))},
          {"forgedBalanceNQT", std::to_string(account.forged_planck)},
          {"guaranteedBalanceNQT", std::to_string(account.balance_planck)}};
}

}  // namespace quarry::devnet
