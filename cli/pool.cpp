// quarry pool: what miners assign their rewards to, hand their nonces in to, and are
// paid by.
#include "scheduler/pool/pool.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/hex.h"
#include "chainlite/signum/address.h"
#include "chainlite/signum/amount.h"
#include "cli/command.h"
#include "cli/listen.h"
#include "cli/session.h"
#include "cli/wallet.h"
#include "host/user_folder.h"
#include "plotter/self_test.h"
#include "scheduler/pool/device_hits.h"

namespace quarry::cli {
namespace {

const HostAndPort kDefaultListen = {"127.0.0.1", 8124};
constexpr std::string_view kSqlite = "sqlite:";
constexpr uint32_t kMostConfirmations = 1000;
constexpr double kPpmPerPercent = 10'000;
constexpr uint32_t kMostVerifierThreads = 8;
constexpr size_t kWaitingBatches = 2;

constexpr Flag kFlags[] = {
    {"listen", FlagKind::kValue, "ADDRESS",
     "address and port for miners; default: 127.0.0.1:8124; port 0 takes any that is free"},
    {"store", FlagKind::kValue, "STORE",
     "sqlite:FILE that keeps the books; default: pool.sqlite in the user's folder for data"},
    {"node", FlagKind::kValue, "URL", "the node, on this machine; default: http://127.0.0.1:8125"},
    {"key", FlagKind::kValue, "NAME", "the pool's key, as quarry wallet keeps it"},
    {"folder", FlagKind::kValue, "DIR",
     "where key files are; default: quarry/wallet in the user's folder for data"},
    {"password-fd", FlagKind::kValue, "N",
     "reads the key's password from this file descriptor, not the terminal"},
    {"fee", FlagKind::kValue, "PERCENT", "of rewards that the pool keeps; default: 0"},
    {"min-payout", FlagKind::kValue, "COINS", "an account is paid from so many on; default: 100"},
    {"confirmations", FlagKind::kValue, "N",
     "blocks that stand on one before its reward is shared; default: 10"},
    {"window", FlagKind::kValue, "ROUNDS", "that shares are measured over; default: 360"},
    {"max-deadline", FlagKind::kValue, "N", "deadlines above it are not taken; default: any"},
};

// The file of --store, in a folder that exists.
Result<std::string> read_store(const Arguments& arguments) {
  std::string store = arguments.text("store");
  if (store.starts_with("postgresql://") || store.starts_with("postgres://"))
    return arguments.usage_error(
        "--store: PostgreSQL is not there yet; give sqlite:FILE, or leave it out");
  if (!store.empty()) {
    if (!store.starts_with(kSqlite) || store.size() == kSqlite.size())
      return arguments.usage_error("--store: write it as sqlite:FILE");
    return store.substr(kSqlite.size());
  }
  const auto folder = default_data_folder();
  if (folder.empty())
    return arguments.usage_error("--store: neither XDG_DATA_HOME nor HOME says where data belongs");
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return errno_status(error.value(), "make the folder", folder.string());
  return (folder / "pool.sqlite").string();
}

Result<uint32_t> read_count(const Arguments& arguments, const std::string& flag, uint32_t least,
                            uint32_t most, uint32_t otherwise) {
  QUARRY_ASSIGN(const uint64_t count, arguments.number(flag, otherwise));
  if (count < least || count > most)
    return arguments.usage_error("--" + flag + ": give a number from " + std::to_string(least) +
                                 " to " + std::to_string(most));
  return static_cast<uint32_t>(count);
}

Result<pool::PoolOptions> read_options(const Arguments& arguments, Session& session) {
  pool::PoolOptions options;
  QUARRY_ASSIGN(const HostAndPort listen, read_listen(arguments, "listen", kDefaultListen));
  options.address = listen.host;
  options.port = listen.port;
  options.node = arguments.text("node", options.node);
  if (const auto parsed = parse_url(options.node); !parsed.ok())
    return arguments.usage_error("--node: " + parsed.status().message());
  QUARRY_ASSIGN(options.window, read_count(arguments, "window", pool::kLeastWindow,
                                           pool::kMostWindow, options.window));
  auto& books = options.books;
  QUARRY_ASSIGN(books.confirmations,
                read_count(arguments, "confirmations", 1, kMostConfirmations, books.confirmations));
  QUARRY_ASSIGN(options.most_deadline, arguments.number("max-deadline", options.most_deadline));
  QUARRY_ASSIGN(const double fee, arguments.real("fee", 0, 100, 0));
  books.fee_ppm = static_cast<uint32_t>(std::llround(fee * kPpmPerPercent));
  if (arguments.has("min-payout")) {
    const auto planck = signum::parse_coins(arguments.text("min-payout"));
    if (!planck.ok()) return arguments.usage_error("--min-payout: " + planck.status().message());
    books.least_payout_planck = *planck;
  }
  QUARRY_TRY(arguments.require("key"));
  QUARRY_ASSIGN(options.store, read_store(arguments));
  QUARRY_ASSIGN(options.passphrase, unlock_passphrase(arguments.text("key"), arguments, session));
  return options;
}

// Nonces are computed by the CPU's widest instruction set, if it passes its test.
void use_processor(pool::VerifierOptions& verifier, Session& session) {
  auto device = open_device("cpu");
  Status status = device.status();
  if (status.ok()) status = self_test(**device);
  if (status.ok()) {
    const std::shared_ptr<Device> shared = std::move(*device);
    auto engine = pool::device_hits(shared);
    status = engine.status();
    if (engine.ok()) {
      verifier.engine = std::move(*engine);
      verifier.threads = std::min(shared->info().queues, kMostVerifierThreads);
      verifier.batch = pool::best_batch(*shared);
      verifier.most_waiting = kWaitingBatches * verifier.threads * verifier.batch;
    }
  }
  if (!status.ok()) session.warn(status.with_context("nonces are computed slowly"));
}

// Prints what happens, as it happens.
class Teller {
 public:
  explicit Teller(Session& session) : session_(session) {}

  void started(const pool::Pool& pool, const std::string& node, const std::string& store) {
    const uint64_t account = pool.keys().account_id();
    prefix_ = pool.chain().address_prefix;
    coin_ = pool.chain().coin;
    session_.print_line({{"event", "started"},
                         {"url", pool.url()},
                         {"account", json_u64(account)},
                         {"address", address(account)},
                         {"node", node},
                         {"store", store}},
                        "pool at " + pool.url() + " on the node " + node + ", books in " + store +
                            "\nminers assign their rewards to " + address(account) +
                            ", and mine with this URL\n");
  }

  void round(const pool::Round& round) {
    tell({{"event", "round"},
          {"height", round.height},
          {"generation_signature", format_hex(round.generation_signature)},
          {"base_target", json_u64(round.base_target)}},
         "");
  }

  void submission(const pool::Claim& claim, const pool::Judgement& judgement) {
    const bool is_accepted = judgement.verdict == pool::Verdict::kAccepted;
    Json event = {{"event", "submission"},
                  {"account", json_u64(claim.account_id)},
                  {"nonce", json_u64(claim.nonce)},
                  {"accepted", is_accepted}};
    if (is_accepted)
      event["deadline"] = json_u64(judgement.deadline);
    else
      event["reason"] = judgement.words;
    tell(event, is_accepted ? "deadline " + std::to_string(judgement.deadline) + " of " +
                                  address(claim.account_id)
                            : "");
    if (judgement.verdict != pool::Verdict::kBanned) return;
    tell({{"event", "ban"},
          {"account", json_u64(claim.account_id)},
          {"address", claim.address},
          {"reason", judgement.words}},
         address(claim.account_id) + " from " + claim.address + ": " + judgement.words);
  }

  void block(const pool::WonBlock& block) {
    const std::string height = "block " + std::to_string(block.height);
    Json event = {{"event", "block_won"},
                  {"height", block.height},
                  {"id", json_u64(block.id)},
                  {"account", json_u64(block.account_id)}};
    std::string text = height + " won by " + address(block.account_id);
    if (block.state == pool::WonBlock::State::kCredited) {
      event["event"] = "block_credited";
      event["reward_planck"] = json_u64(block.reward_planck);
      event["fee_planck"] = json_u64(block.fee_planck);
      text = height + ": " + coins(block.reward_planck) + " shared out";
    } else if (block.state == pool::WonBlock::State::kOrphaned) {
      event["event"] = "block_orphaned";
      text = height + " is not in the chain any more";
    }
    tell(event, text);
  }

  void payout(const pool::Payout& payout, pool::Payout::State state) {
    uint64_t sum = 0;
    for (const auto& [account, planck] : payout.amounts) sum += planck;
    const std::string_view name = state == pool::Payout::State::kOpen        ? "sent"
                                  : state == pool::Payout::State::kConfirmed ? "confirmed"
                                                                             : "expired";
    tell({{"event", "payout"},
          {"state", name},
          {"full_hash", format_hex(payout.full_hash)},
          {"recipients", payout.amounts.size()},
          {"planck", json_u64(sum)},
          {"fee_planck", json_u64(payout.transaction_fee_planck)}},
         "payout of " + coins(sum) + " to " + std::to_string(payout.amounts.size()) +
             " accounts: " + std::string(name));
  }

 private:
  void tell(const Json& event, const std::string& text) {
    session_.print_line(event, "");
    if (!session_.json() && !text.empty()) session_.progress().notice(text);
  }
  std::string address(uint64_t account) const { return signum::format_address(account, prefix_); }
  std::string coins(uint64_t planck) const { return signum::format_coins(planck) + " " + coin_; }

  Session& session_;
  std::string prefix_, coin_;
};

Result<int> run(const Arguments& arguments, Session& session) {
  if (!arguments.positional().empty())
    return arguments.usage_error("pool takes no arguments but flags");
  QUARRY_ASSIGN(auto options, read_options(arguments, session));
  const std::string node = options.node, store = options.store;
  use_processor(options.verifier, session);
  Teller teller(session);
  pool::PoolEvents events;
  events.round = [&](const auto& round) { teller.round(round); };
  events.submission = [&](const auto& claim, const auto& judgement) {
    teller.submission(claim, judgement);
  };
  events.block = [&](const auto& block) { teller.block(block); };
  events.payout = [&](const auto& payout, auto state) { teller.payout(payout, state); };
  events.failure = [&](const Status& failure) { session.warn(failure); };
  QUARRY_ASSIGN(const auto pool,
                pool::Pool::start(std::move(options), real_wall_clock(), std::move(events)));
  teller.started(*pool, node, store);
  pool->run(session.cancel());
  return kExitInterrupted;
}

}  // namespace

const Command kPoolCommand = {
    "pool", "a pool of Signum miners: checks their nonces, wins blocks, shares and pays rewards",
    "",     DeviceUse::kNone,
    kFlags, run};

}  // namespace quarry::cli
