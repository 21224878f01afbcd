#include "cli/demo_chain.h"

#include <algorithm>
#include <chrono>

#include "base/json.h"
#include "chainlite/signum/address.h"
#include "chainlite/signum/amount.h"
#include "chainlite/signum/send.h"
#include "chainlite/signum/sync.h"
#include "chainlite/wallet/passphrase.h"
#include "host/clock.h"

namespace quarry::cli {
namespace {

constexpr uint32_t kBlockSeconds = 1;
constexpr uint64_t kRecipient = 1234567890123456789u;
constexpr uint64_t kPaidPlanck = 25 * signum::kPlanckPerCoin;
constexpr auto kPatience = std::chrono::seconds(120);

Status broken(const std::string& message) { return {Code::kCorrupt, message}; }

}  // namespace

DemoChain::DemoChain()
    : passphrase_(new_passphrase()), keys_(signum::KeyPair::from_passphrase(passphrase_)) {}

DemoChain::~DemoChain() {
  stop_.request();
  if (thread_.joinable()) thread_.join();
}

Result<std::string> DemoChain::start(const std::string& folder) {
  devnet::DevnetOptions options;
  options.port = 0;
  options.folder = folder;
  options.block_seconds = kBlockSeconds;
  // The node forges with the demo's own key: no passphrase travels.
  options.keys.push_back(signum::KeyPair::from_passphrase(passphrase_));
  QUARRY_ASSIGN(devnet_, devnet::Devnet::start(std::move(options), real_wall_clock(), {}));
  thread_ = std::thread([this] { devnet_->run(stop_); });
  http_ = make_http_client();
  QUARRY_ASSIGN(auto node, signum::NodeClient::open(*http_, devnet_->url()));
  node_ = std::make_unique<signum::NodeClient>(std::move(node));
  return "a chain of its own at " + devnet_->url() + ", account " +
         signum::format_address(keys_.account_id(), "TS");
}

// The height of the block that the best nonce of the plot became.
Result<uint64_t> DemoChain::forge_block(const Scan& scan, const Cancel& cancel) {
  QUARRY_ASSIGN(const auto info, node_->call("getMiningInfo", {}, cancel));
  Round round;
  QUARRY_ASSIGN(round.height, read_u64(info, "height"));
  QUARRY_ASSIGN(round.base_target, read_u64(info, "baseTarget"));
  QUARRY_ASSIGN(round.generation_signature, read_hex_array<32>(info, "generationSignature"));
  QUARRY_ASSIGN(const ScanReport report, scan(round));
  if (report.best.size() != 1) return broken("the scan found no deadline");
  const Deadline& best = report.best[0];
  QUARRY_ASSIGN(const auto reply, node_->call("submitNonce",
                                              {{"accountId", std::to_string(best.account_id)},
                                               {"nonce", std::to_string(best.nonce)},
                                               {"blockheight", std::to_string(round.height)}},
                                              cancel, true));
  const auto deadline = read_u64(reply, "deadline");
  if (!deadline.ok()) return broken("the node refuses the nonce");
  if (*deadline != best.deadline) return broken("the node computes another deadline");
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin < kPatience) {
    QUARRY_TRY(cancel.status());
    QUARRY_ASSIGN(const auto tip, node_->tip(cancel));
    if (tip.height >= round.height) return round.height;
    real_clock().sleep_for(std::chrono::milliseconds(100));
  }
  return broken("no block came of the nonce");
}

Result<std::string> DemoChain::mine(const Scan& scan, const Cancel& cancel) {
  QUARRY_ASSIGN(const uint64_t height, forge_block(scan, cancel));
  QUARRY_ASSIGN(const auto block,
                node_->call("getBlock", {{"height", std::to_string(height)}}, cancel));
  QUARRY_ASSIGN(const uint64_t generator, read_u64(block, "generator"));
  QUARRY_ASSIGN(const uint64_t reward, read_u64(block, "blockRewardNQT"));
  if (generator != keys_.account_id()) return broken("somebody else forged the block");
  return "block " + std::to_string(height) + " won with the plot: " + signum::format_coins(reward) +
         " coins";
}

Result<std::string> DemoChain::pay(const Scan& scan, const Cancel& cancel) {
  signum::Draft draft;
  draft.attachment = signum::Payment();
  draft.recipient = kRecipient;
  draft.amount_planck = kPaidPlanck;
  QUARRY_ASSIGN(auto transaction, signum::prepare(*node_, draft, keys_.public_key(),
                                                  real_wall_clock().unix_seconds(), cancel));
  QUARRY_TRY(signum::sign(transaction, keys_));
  QUARRY_TRY(signum::broadcast(*node_, transaction, cancel));
  QUARRY_ASSIGN(const uint64_t height, forge_block(scan, cancel));
  QUARRY_ASSIGN(const auto account,
                node_->call("getBalance", {{"account", std::to_string(kRecipient)}}, cancel));
  QUARRY_ASSIGN(const uint64_t balance, read_u64(account, "balanceNQT"));
  if (balance != kPaidPlanck) return broken("the recipient has not what was paid");
  return signum::format_coins(kPaidPlanck) + " coins signed, sent, and confirmed in block " +
         std::to_string(height);
}

Result<std::string> DemoChain::verify(const Cancel& cancel) {
  QUARRY_ASSIGN(const auto chain, signum::identify_chain(*node_, cancel));
  uint64_t blocks = 0, transactions = 0;
  signum::Evidence weakest = signum::Evidence::kVerified;
  QUARRY_TRY(signum::sync_chain(
                 *node_, chain, {},
                 [&](const auto& verdict, const auto& block) {
                   blocks++;
                   transactions += block.block.transactions.size();
                   weakest = std::max(weakest, verdict.evidence());
                   return Status();
                 },
                 cancel)
                 .status());
  if (transactions != 1) return broken("the payment is not in the chain");
  return std::to_string(blocks) + " blocks from the first one on: links, payloads, nonces, " +
         "signatures, base targets " + std::string(signum::evidence_name(weakest));
}

}  // namespace quarry::cli
