// quarry devnet: a chain, its node's API and a pool on one machine.
#include "chainlite/devnet/devnet.h"

#include <algorithm>
#include <thread>

#include "base/units.h"
#include "chainlite/signum/address.h"
#include "cli/command.h"
#include "cli/devnet_pool.h"
#include "cli/listen.h"
#include "cli/session.h"
#include "host/http/url.h"
#include "host/user_folder.h"

namespace quarry::cli {
namespace {

constexpr uint16_t kDefaultPort = 8125;
constexpr uint32_t kDefaultBlockSeconds = 5;
constexpr uint32_t kMostBlockSeconds = 86'400;

constexpr Flag kFlags[] = {
    {"listen", FlagKind::kValue, "ADDRESS",
     "address and port of the API; default: 127.0.0.1:8125; port 0 takes any that is free"},
    {"data", FlagKind::kValue, "DIR",
     "where the chain is kept; default: quarry/devnet in the "
     "user's folder for data"},
    {"block-seconds", FlagKind::kValue, "N", "seconds between blocks on average; default: 5"},
    {"follow", FlagKind::kList, "URL", "devnets to exchange blocks and transactions with"},
    {"pool", FlagKind::kValue, "ADDRESS",
     "address and port of the pool, or off; default: the port below that of --listen"},
};

Result<devnet::DevnetOptions> read_options(const Arguments& arguments) {
  devnet::DevnetOptions options;
  QUARRY_ASSIGN(const HostAndPort listen,
                read_listen(arguments, "listen", {"127.0.0.1", kDefaultPort}));
  options.address = listen.host;
  options.port = listen.port;
  QUARRY_ASSIGN(const uint64_t block_seconds,
                arguments.number("block-seconds", kDefaultBlockSeconds));
  if (block_seconds < 1 || block_seconds > kMostBlockSeconds)
    return arguments.usage_error("--block-seconds: give a number from 1 to 86400");
  options.block_seconds = static_cast<uint32_t>(block_seconds);
  options.follow = arguments.list("follow");
  for (const std::string& url : options.follow)
    if (const auto parsed = parse_url(url); !parsed.ok())
      return arguments.usage_error("--follow: " + parsed.status().message());
  options.folder = arguments.text("data");
  if (options.folder.empty()) {
    const auto folder = default_data_folder();
    if (folder.empty())
      return arguments.usage_error(
          "--data: neither XDG_DATA_HOME nor HOME says where data belongs");
    options.folder = folder / "devnet";
  }
  return options;
}

// The pool beside the chain; null with --pool off.
Result<std::unique_ptr<pool::Pool>> start_pool(const Arguments& arguments,
                                               const devnet::Devnet& devnet,
                                               const devnet::DevnetOptions& devnet_options,
                                               Session& session) {
  if (arguments.text("pool") == "off") return std::unique_ptr<pool::Pool>();
  // The node of a pool must be on this machine, and known as such by its address.
  const auto url = parse_url(devnet.url());
  if (!arguments.has("pool") && url.ok() && !is_loopback_host(url->host.host))
    return std::unique_ptr<pool::Pool>();
  const uint16_t below = devnet_options.port == 0
                             ? uint16_t{0}
                             : static_cast<uint16_t>(std::max(1, devnet_options.port - 1));
  QUARRY_ASSIGN(const HostAndPort listen,
                read_listen(arguments, "pool", {devnet_options.address, below}));
  pool::PoolOptions options = devnet_pool_options(devnet, devnet_options.folder);
  options.address = listen.host;
  options.port = listen.port;
  pool::PoolEvents events;
  events.failure = [&session](const Status& failure) {
    session.warn(failure.with_context("pool"));
  };
  return pool::Pool::start(std::move(options), real_wall_clock(), std::move(events));
}

void tell_start(devnet::Devnet& devnet, const devnet::DevnetOptions& options,
                const pool::Pool* pool, Session& session) {
  const auto& genesis = devnet.chain().genesis();
  const uint64_t faucet = signum::account_of(genesis.faucet);
  const std::string address = signum::format_address(faucet, genesis.network.address_prefix);
  const uint32_t height = devnet.chain().read(
      [](devnet::Ledger& ledger, const devnet::Mempool&) { return ledger.height(); });
  Json event = {{"event", "started"},
                {"url", devnet.url()},
                {"data", options.folder},
                {"block_seconds", options.block_seconds},
                {"genesis", json_u64(genesis.network.genesis_block_id)},
                {"height", height},
                {"faucet", json_u64(faucet)},
                {"faucet_address", address}};
  if (pool != nullptr) event["pool_url"] = pool->url();
  session.print_line(
      event, "devnet at " + devnet.url() + "/api, height " + std::to_string(height) +
                 ", chain in " + options.folder + "\n" + "faucet: " + address +
                 "; coins for an account, as soon as blocks are mined:\n" + "  curl -X POST '" +
                 devnet.url() + "/api?requestType=faucet&account=ADDRESS'\n" +
                 (pool == nullptr ? ""
                                  : "pool at " + pool->url() +
                                        ", for accounts whose rewards go to the faucet\n") +
                 "mine on it with any Signum miner, or see docs/devnet.md\n");
}

void tell_block(const devnet::ChainBlock& block, const signum::Network& network, Session& session) {
  const uint64_t generator = block.block.generator_id();
  session.print_line({{"event", "block"},
                      {"height", block.height},
                      {"id", json_u64(block.id)},
                      {"timestamp", block.block.timestamp},
                      {"generator", json_u64(generator)},
                      {"transactions", block.block.transactions.size()},
                      {"base_target", json_u64(block.base_target.capacity)},
                      {"cumulative_difficulty", block.cumulative_difficulty.text()}},
                     "");
  if (!session.json())
    session.progress().notice("block " + std::to_string(block.height) + ": " +
                              std::to_string(block.id) + " by " +
                              signum::format_address(generator, network.address_prefix) + ", " +
                              std::to_string(block.block.transactions.size()) + " transactions");
}

Result<int> run(const Arguments& arguments, Session& session) {
  if (!arguments.positional().empty())
    return arguments.usage_error("devnet takes no arguments but flags");
  QUARRY_ASSIGN(auto options, read_options(arguments));
  const devnet::DevnetOptions told = {.address = options.address,
                                      .port = options.port,
                                      .folder = options.folder,
                                      .block_seconds = options.block_seconds,
                                      .follow = options.follow,
                                      .keys = {}};
  const signum::Network network = signum::devnet_network(options.block_seconds);
  QUARRY_ASSIGN(const auto devnet,
                devnet::Devnet::start(
                    std::move(options), real_wall_clock(),
                    {.block = [&](const auto& block) { tell_block(block, network, session); },
                     .failure = [&](const Status& failure) { session.warn(failure); }}));
  if (!is_loopback_host(told.address))
    session.warn(Status(Code::kRefused,
                        "the devnet listens on " + told.address +
                            ": whoever reaches it can take coins of its faucet and mine on it; "
                            "they are worth nothing"));
  QUARRY_ASSIGN(const auto pool, start_pool(arguments, *devnet, told, session));
  tell_start(*devnet, told, pool.get(), session);
  std::thread pool_thread;
  if (pool != nullptr) pool_thread = std::thread([&] { pool->run(session.cancel()); });
  devnet->run(session.cancel());
  if (pool_thread.joinable()) pool_thread.join();
  return kExitInterrupted;
}

}  // namespace

const Command kDevnetCommand = {
    "devnet", "a chain of one machine, with a Signum node's API, to try things on",
    "",       DeviceUse::kNone,
    kFlags,   run};

}  // namespace quarry::cli
