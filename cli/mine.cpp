// quarry mine: joins pools, and mines until it is stopped.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/units.h"
#include "chainlite/signum/address.h"
#include "cli/command.h"
#include "cli/listen.h"
#include "cli/mine_view.h"
#include "cli/session.h"
#include "cli/wallet.h"
#include "host/http/server.h"
#include "plotter/scan_devices.h"
#include "scheduler/mining/miner.h"
#include "scheduler/mining/miner_metrics.h"

namespace quarry::cli {
namespace {

using namespace mining;

constexpr auto kRedraw = std::chrono::milliseconds(250);

constexpr Flag kFlags[] = {
    {"pool", FlagKind::kList, "URL",
     "pool, proxy or node; several by priority. NAME=URL or NAME@SHARE=URL mines several "
     "networks at once"},
    {"plots", FlagKind::kList, "PATH", "plot files, or folders of them"},
    {"rounds", FlagKind::kValue, "N", "stop after so many rounds; default: never"},
    {"target-deadline", FlagKind::kValue, "SECONDS", "do not hand in worse deadlines"},
    {"account-deadline", FlagKind::kList, "ACCOUNT=SECONDS", "the same for one account"},
    {"stage", FlagKind::kValue, "SECONDS",
     "hand in the best so far after this time, improvements from then on; default: 10"},
    {"poll", FlagKind::kValue, "SECONDS",
     "pause between two questions for the round; default: 1, on this machine 0.05"},
    {"name", FlagKind::kValue, "NAME", "name of this miner, for the pool's statistics"},
    {"header", FlagKind::kList, "NAME:VALUE", "header to send with every request"},
    {"proxy", FlagKind::kValue, "URL", "HTTP or SOCKS5 proxy; default: that of the environment"},
    {"ca-file", FlagKind::kValue, "FILE", "certificates to trust instead of the system's"},
    {"metrics", FlagKind::kValue, "ADDRESS",
     "serve figures for Prometheus there, at /metrics; for example 127.0.0.1:9113"},
    {"key", FlagKind::kValue, "NAME",
     "mine alone with this key of the wallet, on a node of this machine"},
    {"folder", FlagKind::kValue, "DIR", "where the wallet's keys are"},
    {"password-fd", FlagKind::kValue, "N", "read the key's password from this descriptor"},
};

// "[NAME[@SHARE]=]URL"
struct PoolWord {
  std::string name;
  std::optional<double> share;
  std::string url;
};

Result<PoolWord> read_pool(const Arguments& arguments, const std::string& word) {
  PoolWord pool;
  const size_t equals = word.find('=');
  if (equals == word.npos || word.starts_with("http://") || word.starts_with("https://")) {
    pool.url = word;
    return pool;
  }
  pool.name = word.substr(0, equals);
  pool.url = word.substr(equals + 1);
  if (const size_t at = pool.name.find('@'); at != pool.name.npos) {
    const auto share = parse_u64(pool.name.substr(at + 1));
    if (!share.ok() || *share == 0)
      return arguments.usage_error("--pool: the share in \"" + pool.name +
                                   "\" is not a whole number above 0");
    pool.share = static_cast<double>(*share);
    pool.name.resize(at);
  }
  if (pool.name.empty()) return arguments.usage_error("--pool: write NAME=URL, or a URL");
  return pool;
}

Result<std::vector<NetworkOptions>> read_networks(const Arguments& arguments) {
  std::vector<NetworkOptions> networks;
  for (const std::string& word : arguments.list("pool")) {
    QUARRY_ASSIGN(PoolWord pool, read_pool(arguments, word));
    auto place = std::find_if(networks.begin(), networks.end(),
                              [&](const auto& network) { return network.name == pool.name; });
    if (place == networks.end()) {
      networks.push_back({.name = pool.name, .pools = {}, .share = 1});
      place = networks.end() - 1;
    }
    place->pools.push_back(std::move(pool.url));
    if (pool.share) place->share = *pool.share;
  }
  return networks;
}

Status read_deadlines(const Arguments& arguments, MinerOptions& options) {
  if (arguments.has("target-deadline")) {
    QUARRY_ASSIGN(options.target_deadline, arguments.number("target-deadline"));
  }
  for (const std::string& word : arguments.list("account-deadline")) {
    const size_t equals = word.find('=');
    const auto account = signum::parse_account(word.substr(0, equals));
    const auto deadline = parse_u64(equals == word.npos ? "" : word.substr(equals + 1));
    if (!account.ok() || !deadline.ok())
      return arguments.usage_error("--account-deadline: write ACCOUNT=SECONDS, not \"" + word +
                                   "\"");
    options.account_deadlines[*account] = *deadline;
  }
  return {};
}

Status read_headers(const Arguments& arguments, MinerOptions& options) {
  options.identity.name = arguments.text("name");
  for (const std::string& word : arguments.list("header")) {
    const size_t colon = word.find(':');
    HttpHeader header{word.substr(0, colon), colon == word.npos ? "" : word.substr(colon + 1)};
    header.value.erase(0, header.value.find_first_not_of(' '));
    if (colon == word.npos || !is_sendable(header))
      return arguments.usage_error("--header: write NAME:VALUE in plain characters");
    options.identity.headers.push_back(std::move(header));
  }
  if (!is_sendable({"X-Minername", options.identity.name}))
    return arguments.usage_error("--name: use plain characters");
  return {};
}

Result<MinerOptions> read_options(const Arguments& arguments) {
  MinerOptions options;
  QUARRY_ASSIGN(options.networks, read_networks(arguments));
  QUARRY_TRY(read_deadlines(arguments, options));
  QUARRY_TRY(read_headers(arguments, options));
  QUARRY_ASSIGN(options.rounds, arguments.number("rounds", 0));
  if (arguments.has("rounds") && options.rounds == 0)
    return arguments.usage_error("--rounds: give a number from 1 on");
  constexpr double kDay = 86400;
  QUARRY_ASSIGN(const double stage, arguments.real("stage", 0, kDay, 10));
  options.submission.stage =
      std::chrono::duration_cast<Clock::Duration>(std::chrono::duration<double>(stage));
  if (arguments.has("poll")) {
    QUARRY_ASSIGN(const double poll, arguments.real("poll", 0.001, 60, 1));
    options.pools.poll = options.pools.poll_loopback =
        std::chrono::duration_cast<Clock::Duration>(std::chrono::duration<double>(poll));
  }
  return options;
}

Result<std::unique_ptr<HttpClient>> open_http(const Arguments& arguments) {
  auto http =
      make_http_client({.proxy = arguments.text("proxy"), .ca_file = arguments.text("ca-file")});
  if (http.status().code() == Code::kInvalidArgument)
    return arguments.usage_error("--proxy: " + http.status().message());
  return http;
}

// Draws the view until it is destroyed.
class Viewer {
 public:
  Viewer(const Miner& miner, LiveLines* lines) {
    if (lines == nullptr) return;
    thread_ = std::thread([this, &miner, lines] {
      while (!ended_) {
        lines->draw(mine_view(miner.state(), lines->width(), lines->color()));
        std::this_thread::sleep_for(kRedraw);
      }
      lines->draw({});
    });
  }
  ~Viewer() {
    ended_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

Result<std::unique_ptr<HttpServer>> serve_metrics(const Arguments& arguments, MinerMetrics& metrics,
                                                  const Miner& miner) {
  QUARRY_ASSIGN(const HostAndPort listen, read_listen(arguments, "metrics", {"127.0.0.1", 0}));
  HttpServerOptions options;
  options.address = listen.host;
  options.port = listen.port;
  options.threads = 1;
  return HttpServer::listen(options, [&](const IncomingRequest& request) {
    if (request.path == "/metrics") return metrics.reply(miner.state());
    return HttpReply{.status = 404, .content_type = "text/plain", .body = "see /metrics\n"};
  });
}

void tell(const MinerEvent& event, Session& session) {
  if (session.json()) {
    session.print_line(mine_event_json(event), "");
  } else if (const std::string text = mine_event_text(event); !text.empty()) {
    session.progress().notice(text);
  }
}

Result<int> run(const Arguments& arguments, Session& session) {
  QUARRY_TRY(arguments.require("pool"));
  QUARRY_TRY(arguments.require("plots"));
  QUARRY_ASSIGN(MinerOptions options, read_options(arguments));
  if (arguments.has("key")) {
    QUARRY_ASSIGN(Secret passphrase, unlock_passphrase(arguments.text("key"), arguments, session));
    const uint64_t account = signum::KeyPair::from_passphrase(passphrase).account_id();
    options.solo_key = std::make_shared<SoloKey>(SoloKey{account, std::move(passphrase)});
  }
  QUARRY_ASSIGN(const auto http, open_http(arguments));
  QUARRY_ASSIGN(auto devices, open_devices(arguments, session));
  keep_fast_scanners(devices, [](std::string_view text) { spdlog::info("{}", text); });
  QUARRY_ASSIGN(const auto scanner, PlotScanner::open(arguments.list("plots"), devices,
                                                      posix_file_system(), real_clock()));
  MinerMetrics metrics;
  QUARRY_ASSIGN(const auto miner, Miner::create(std::move(options), *scanner, *http, real_clock(),
                                                [&](const MinerEvent& event) {
                                                  metrics.count(event);
                                                  tell(event, session);
                                                }));
  std::unique_ptr<HttpServer> server;
  if (arguments.has("metrics")) {
    QUARRY_ASSIGN(server, serve_metrics(arguments, metrics, *miner));
    session.print_line({{"event", "metrics"}, {"url", server->url() + "/metrics"}},
                       "figures at " + server->url() + "/metrics\n");
  }
  const Viewer viewer(*miner, session.live_lines());
  QUARRY_TRY(miner->run(session.cancel()));
  return session.cancel().requested() ? kExitInterrupted : kExitDone;
}

}  // namespace

const Command kMineCommand = {
    "mine", "mines plots in pools, or alone on a node", "", DeviceUse::kUses, kFlags, run};

}  // namespace quarry::cli
