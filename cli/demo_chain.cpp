#include "cli/demo_chain.h"

#include <algorithm>
#include <chrono>

#include "base/hex.h"
#include "base/json.h"
#include "chainlite/signum/address.h"
#include "chainlite/signum/amount.h"
#include "chainlite/signum/sync.h"
#include "chainlite/wallet/passphrase.h"
#include "cli/devnet_pool.h"
#include "host/clock.h"

namespace quarry::cli {
namespace {

constexpr uint32_t kBlockSeconds = 1;
constexpr uint64_t kRecipient = 1234567890123456789u;
constexpr uint64_t kPaidPlanck = 25 * signum::kPlanckPerCoin;
constexpr auto kPatience = std::chrono::seconds(120);
constexpr auto kLook = std::chrono::milliseconds(50);

Status broken(const std::string& message) { return {Code::kCorrupt, message}; }

std::string coins(uint64_t planck) { return signum::format_coins(planck) + " coins"; }

}  // namespace

DemoMiner::~DemoMiner() {
  stop_.request();
  if (thread_.joinable()) thread_.join();
}

Status DemoMiner::start(const std::string& url, const std::string& plot,
                        std::span<const std::unique_ptr<Device>> devices, HttpClient& http) {
  QUARRY_ASSIGN(scanner_, PlotScanner::open({plot}, devices, posix_file_system(), real_clock()));
  mining::MinerOptions options;
  options.networks = {{.name = "demo", .pools = {url}}};
  QUARRY_ASSIGN(miner_, mining::Miner::create(std::move(options), *scanner_, http, real_clock(),
                                              [this](const mining::MinerEvent& event) {
                                                const auto* won =
                                                    std::get_if<mining::BlockWon>(&event);
                                                const std::lock_guard lock(mutex_);
                                                if (won != nullptr && !won_) won_ = *won;
                                              }));
  thread_ = std::thread([this] {
    const Status status = miner_->run(stop_);
    const std::lock_guard lock(mutex_);
    status_ = status;
  });
  return {};
}

std::optional<mining::BlockWon> DemoMiner::won() const {
  const std::lock_guard lock(mutex_);
  return won_;
}

Status DemoMiner::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

DemoChain::DemoChain()
    : passphrase_(new_passphrase()), keys_(signum::KeyPair::from_passphrase(passphrase_)) {}

DemoChain::~DemoChain() {
  miner_.reset();
  stop_pool_.request();
  if (pool_thread_.joinable()) pool_thread_.join();
  stop_devnet_.request();
  if (devnet_thread_.joinable()) devnet_thread_.join();
}

Result<std::string> DemoChain::start(const std::string& folder) {
  folder_ = folder;
  devnet::DevnetOptions options;
  options.port = 0;
  options.folder = folder;
  options.block_seconds = kBlockSeconds;
  // The node forges with the demo's own key: no passphrase travels.
  options.keys.push_back(signum::KeyPair::from_passphrase(passphrase_));
  QUARRY_ASSIGN(devnet_, devnet::Devnet::start(std::move(options), real_wall_clock(), {}));
  devnet_thread_ = std::thread([this] { devnet_->run(stop_devnet_); });
  http_ = make_http_client();
  QUARRY_ASSIGN(auto node, signum::NodeClient::open(*http_, devnet_->url()));
  node_ = std::make_unique<signum::NodeClient>(std::move(node));
  return "a chain of its own at " + devnet_->url() + ", account " +
         signum::format_address(keys_.account_id(), "TS");
}

Status DemoChain::wait_until(const std::function<Result<bool>()>& condition,
                             const std::string& otherwise, const Cancel& cancel) const {
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin < kPatience) {
    QUARRY_TRY(cancel.status());
    QUARRY_ASSIGN(const bool is_so, condition());
    if (is_so) return {};
    real_clock().sleep_for(kLook);
  }
  return broken(otherwise);
}

Result<uint32_t> DemoChain::height(const Cancel& cancel) const {
  QUARRY_ASSIGN(const auto tip, node_->tip(cancel));
  return tip.height;
}

Result<bool> DemoChain::is_confirmed(const std::string& full_hash, const Cancel& cancel) const {
  QUARRY_ASSIGN(const auto found, node_->call("getTransaction", {{"fullHash", full_hash}}, cancel));
  return has_member(found, "confirmations");
}

Result<mining::BlockWon> DemoChain::first_block(const Cancel& cancel) const {
  QUARRY_TRY(wait_until(
      [this]() -> Result<bool> {
        QUARRY_TRY(miner_->status());
        return miner_->won().has_value();
      },
      "no block came of the plot", cancel));
  return *miner_->won();
}

Result<std::string> DemoChain::mine(const std::string& plot,
                                    std::span<const std::unique_ptr<Device>> devices,
                                    const Cancel& cancel) {
  miner_ = std::make_unique<DemoMiner>();
  QUARRY_TRY(miner_->start(devnet_->url(), plot, devices, *http_));
  QUARRY_ASSIGN(const auto won, first_block(cancel));
  QUARRY_ASSIGN(const auto block,
                node_->call("getBlock", {{"height", std::to_string(won.height)}}, cancel));
  QUARRY_ASSIGN(const uint64_t generator, read_u64(block, "generator"));
  QUARRY_ASSIGN(const uint64_t reward, read_u64(block, "blockRewardNQT"));
  if (generator != keys_.account_id()) return broken("somebody else forged the block");
  return "block " + std::to_string(won.height) + " won with the plot: " + coins(reward);
}

// Signs, broadcasts and waits for the block.
Status DemoChain::send(const signum::Draft& draft, const Cancel& cancel) {
  QUARRY_ASSIGN(auto transaction, signum::prepare(*node_, draft, keys_.public_key(),
                                                  real_wall_clock().unix_seconds(), cancel));
  QUARRY_TRY(signum::sign(transaction, keys_));
  QUARRY_TRY(signum::broadcast(*node_, transaction, cancel));
  const std::string full_hash = format_hex(signum::full_hash(transaction));
  return wait_until([&] { return is_confirmed(full_hash, cancel); },
                    "a transaction was not confirmed", cancel);
}

Result<std::string> DemoChain::pay(const Cancel& cancel) {
  signum::Draft draft;
  draft.attachment = signum::Payment();
  draft.recipient = kRecipient;
  draft.amount_planck = kPaidPlanck;
  QUARRY_TRY(send(draft, cancel));
  QUARRY_ASSIGN(const auto account,
                node_->call("getBalance", {{"account", std::to_string(kRecipient)}}, cancel));
  QUARRY_ASSIGN(const uint64_t balance, read_u64(account, "balanceNQT"));
  if (balance != kPaidPlanck) return broken("the recipient has not what was paid");
  return coins(kPaidPlanck) + " signed, sent, and confirmed by a block";
}

Result<std::string> DemoChain::join_pool(const std::string& plot,
                                         std::span<const std::unique_ptr<Device>> devices,
                                         const Cancel& cancel) {
  pool::PoolEvents events;
  events.payout = [this](const pool::Payout& payout, pool::Payout::State state) {
    const std::lock_guard lock(mutex_);
    if (state == pool::Payout::State::kConfirmed && !payout_) payout_ = payout;
  };
  QUARRY_ASSIGN(pool_, pool::Pool::start(devnet_pool_options(*devnet_, folder_), real_wall_clock(),
                                         std::move(events)));
  pool_thread_ = std::thread([this] { pool_->run(stop_pool_); });
  signum::Draft draft;
  draft.attachment = signum::RewardRecipientAssignment();
  draft.recipient = pool_->keys().account_id();
  QUARRY_TRY(send(draft, cancel));
  QUARRY_ASSIGN(const uint32_t assigned, height(cancel));
  const uint32_t wait = devnet_->chain().genesis().network.reward_recipient_wait_blocks;
  QUARRY_TRY(wait_until(
      [&]() -> Result<bool> {
        QUARRY_ASSIGN(const uint32_t now, height(cancel));
        return now >= assigned + wait;
      },
      "the blocks that an assignment waits for did not come", cancel));
  miner_ = std::make_unique<DemoMiner>();
  QUARRY_TRY(miner_->start(pool_->url(), plot, devices, *http_));
  QUARRY_ASSIGN(const auto won, first_block(cancel));
  return "rewards assigned to a pool at " + pool_->url() + ", block " + std::to_string(won.height) +
         " won there";
}

Result<std::string> DemoChain::see_payout(const Cancel& cancel) {
  QUARRY_TRY(wait_until(
      [this]() -> Result<bool> {
        const std::lock_guard lock(mutex_);
        return payout_.has_value();
      },
      "the pool did not pay", cancel));
  miner_.reset();
  const std::string full_hash = format_hex(payout_->full_hash);
  QUARRY_ASSIGN(const auto transaction,
                node_->call("getTransaction", {{"fullHash", full_hash}}, cancel));
  QUARRY_ASSIGN(const uint64_t paid, read_u64(transaction, "amountNQT"));
  QUARRY_ASSIGN(const uint64_t sender, read_u64(transaction, "sender"));
  if (sender != pool_->keys().account_id() || payout_->amounts.size() != 1 ||
      payout_->amounts.front() != std::pair(keys_.account_id(), paid))
    return broken("the payout is not what the pool's books say");
  QUARRY_ASSIGN(const auto account,
                node_->call("getBalance", {{"account", std::to_string(account_id())}}, cancel));
  QUARRY_ASSIGN(const uint64_t balance, read_u64(account, "balanceNQT"));
  if (balance < paid) return broken("the payout is not in the wallet");
  return coins(paid) + " paid by the pool, which keeps 1 %; in the wallet: " + coins(balance);
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
  if (transactions < 3) return broken("payment, assignment and payout are not all in the chain");
  return std::to_string(blocks) + " blocks and " + std::to_string(transactions) +
         " transactions: links, payloads, nonces, signatures, base targets " +
         std::string(signum::evidence_name(weakest));
}

}  // namespace quarry::cli
