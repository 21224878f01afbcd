#include "scheduler/pool/upstream.h"

#include "base/hex.h"
#include "base/json.h"
#include "base/units.h"

namespace quarry::pool {
namespace {

using nlohmann::json;

constexpr size_t kMostMembers = 1'000'000;
constexpr size_t kMostWord = 10;  // of prefixes and names of coins

Result<std::string> read_word(const json& object, const char* name) {
  QUARRY_ASSIGN(std::string word, read_text(object, name));
  for (const char c : word)
    if (c < 'A' || c > 'Z' || word.size() > kMostWord)
      return Status(Code::kCorrupt, std::string("the node's ") + name + " is none");
  return word;
}

}  // namespace

Result<Upstream> Upstream::open(const signum::NodeClient& node, const Secret& passphrase) {
  if (!node.is_loopback())
    return Status(Code::kRefused, "a pool's passphrase goes to its node with every nonce, and " +
                                      node.name() + " is another machine: run a node on this one");
  return Upstream(node, passphrase);
}

Result<ChainFacts> Upstream::facts(const Cancel& cancel) const {
  QUARRY_ASSIGN(const json constants, node_->call("getConstants", {}, cancel));
  ChainFacts facts;
  QUARRY_ASSIGN(facts.address_prefix, read_word(constants, "addressPrefix"));
  QUARRY_ASSIGN(facts.coin, read_word(constants, "valueSuffix"));
  return facts;
}

Result<Round> Upstream::round(const Cancel& cancel) const {
  QUARRY_ASSIGN(const json info, node_->call("getMiningInfo", {}, cancel));
  Round round;
  QUARRY_ASSIGN(round.height, read_u32(info, "height"));
  QUARRY_ASSIGN(round.generation_signature, read_hex_array<32>(info, "generationSignature"));
  QUARRY_ASSIGN(round.base_target, read_u64(info, "baseTarget"));
  if (round.height == 0 || round.base_target == 0)
    return Status(Code::kCorrupt, node_->name() + " tells a round without height or base target");
  QUARRY_ASSIGN(round.average_commitment_planck, read_u64(info, "averageCommitmentNQT"));
  return round;
}

Result<std::set<uint64_t>> Upstream::members(uint64_t account, const Cancel& cancel) const {
  QUARRY_ASSIGN(const json reply, node_->call("getAccountsWithRewardRecipient",
                                              {{"account", std::to_string(account)}}, cancel));
  QUARRY_ASSIGN(const json* list, read_array(reply, "accounts", kMostMembers));
  std::set<uint64_t> members;
  for (const json& element : *list) {
    if (!element.is_string()) return Status(Code::kCorrupt, "an account id that is no text");
    QUARRY_ASSIGN(const uint64_t id, parse_u64(element.get_ref<const std::string&>()));
    members.insert(id);
  }
  return members;
}

Result<ChainBlock> Upstream::block(uint32_t height, const Cancel& cancel) const {
  QUARRY_ASSIGN(const json reply,
                node_->call("getBlock", {{"height", std::to_string(height)}}, cancel));
  ChainBlock block;
  QUARRY_ASSIGN(block.id, read_u64(reply, "block"));
  QUARRY_ASSIGN(block.height, read_u32(reply, "height"));
  QUARRY_ASSIGN(block.timestamp, read_i64(reply, "timestamp"));
  QUARRY_ASSIGN(block.generator, read_u64(reply, "generator"));
  QUARRY_ASSIGN(block.nonce, read_u64(reply, "nonce"));
  QUARRY_ASSIGN(block.generation_signature, read_hex_array<32>(reply, "generationSignature"));
  QUARRY_ASSIGN(const uint64_t reward, read_u64(reply, "blockRewardNQT"));
  QUARRY_ASSIGN(const uint64_t fees, read_u64(reply, "totalFeeNQT"));
  QUARRY_ASSIGN(const uint64_t cash_back, read_u64(reply, "totalFeeCashBackNQT"));
  QUARRY_ASSIGN(const uint64_t burnt, read_u64(reply, "totalFeeBurntNQT"));
  const bool adds_up = reward <= signum::kMostPlanck && fees <= signum::kMostPlanck &&
                       cash_back <= fees && burnt <= fees - cash_back;
  if (block.height != height || !adds_up)
    return Status(Code::kCorrupt,
                  node_->name() + " tells a block " + std::to_string(height) + " that cannot be");
  block.reward_planck = reward + fees - cash_back - burnt;
  return block;
}

Status Upstream::submit(const Submission& submission, uint32_t height, const Cancel& cancel) const {
  QUARRY_ASSIGN(const json reply, node_->call("submitNonce",
                                              {{"accountId", std::to_string(submission.account_id)},
                                               {"nonce", std::to_string(submission.nonce)},
                                               {"blockheight", std::to_string(height)},
                                               {"secretPhrase", std::string(passphrase_->text())}},
                                              cancel, true));
  QUARRY_ASSIGN(const std::string result, read_text(reply, "result"));
  if (result != "success")
    return Status(Code::kRefused, node_->name() + " refuses the nonce: " + result.substr(0, 300));
  return Status();
}

Result<std::optional<uint32_t>> Upstream::confirmations(const Hash256& full_hash,
                                                        const Cancel& cancel) const {
  const auto reply = node_->call("getTransaction", {{"fullHash", format_hex(full_hash)}}, cancel);
  // Nothing else that a node refuses with may look like a transaction that is not there.
  if (reply.status().code() == Code::kRefused &&
      reply.status().message().ends_with("Unknown transaction"))
    return Status(Code::kNotFound, reply.status().message());
  QUARRY_TRY(reply.status());
  if (!has_member(*reply, "confirmations")) return std::optional<uint32_t>();
  QUARRY_ASSIGN(const uint32_t count, read_u32(*reply, "confirmations"));
  return std::optional(count);
}

}  // namespace quarry::pool
