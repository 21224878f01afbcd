#include "chainlite/devnet/devnet.h"

#include <algorithm>
#include <filesystem>
#include <thread>
#include <utility>

namespace quarry::devnet {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kTick{100};
constexpr seconds kPollEvery{1};
constexpr seconds kMostPause{30};      // between questions to a node that is away
constexpr seconds kMostBadPause{600};  // to one that sent what breaks a rule
constexpr seconds kFirstBadPause{15};
constexpr uint32_t kMostToldBlocks = 100;  // at a time

Result<std::unique_ptr<File>> lock_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return errno_status(error.value(), "make the folder", folder);
  const std::string path = folder + "/devnet.lock";
  OpenOptions options;
  options.write = true;
  options.create = true;
  QUARRY_ASSIGN(auto file, posix_file_system().open(path, options));
  const Status locked = file->lock();
  if (locked.code() == Code::kExists)
    return Status(Code::kExists, "another devnet runs in " + folder +
                                     ": stop it, or give this one another --data");
  QUARRY_TRY(locked);
  return file;
}

}  // namespace

Result<std::unique_ptr<Devnet>> Devnet::start(DevnetOptions options, WallClock& clock,
                                              DevnetEvents events) {
  for (const std::string& url : options.follow) {
    if (const auto parsed = parse_url(url); !parsed.ok()) return parsed.status();
  }
  std::unique_ptr<Devnet> devnet(new Devnet(std::move(events)));
  QUARRY_ASSIGN(devnet->lock_, lock_folder(options.folder));
  QUARRY_ASSIGN(devnet->chain_,
                Chain::open(options.folder + "/chain.sqlite", options.block_seconds, clock));
  devnet->forger_ = std::make_unique<Forger>(*devnet->chain_);
  devnet->forger_->add_keys(signum::KeyPair::from_passphrase(Secret::copy_of(kFaucetPassphrase)));
  for (auto& keys : options.keys) devnet->forger_->add_keys(std::move(keys));
  devnet->api_ = std::make_unique<NodeApi>(*devnet->chain_, *devnet->forger_);
  devnet->client_ = make_http_client();
  for (const std::string& url : options.follow) {
    QUARRY_ASSIGN(auto node, signum::NodeClient::open(*devnet->client_, url));
    Peer peer;
    peer.follower = std::make_unique<Follower>(*devnet->chain_, std::move(node));
    devnet->peers_.push_back(std::move(peer));
  }
  QUARRY_ASSIGN(const Round round, devnet->chain_->round());
  devnet->told_height_ = round.height - 1;
  devnet->told_id_ = round.previous_block;

  HttpServerOptions server;
  server.address = options.address;
  server.port = options.port;
  server.max_body_bytes = kMostRequestBytes;
  server.max_connections = kMostConnections;
  QUARRY_ASSIGN(devnet->server_,
                HttpServer::listen(server, [api = devnet->api_.get()](const auto& request) {
                  return api->handle(request);
                }));
  return devnet;
}

void Devnet::run(const Cancel& cancel) {
  Cancel stop;
  std::thread follower([&] { follow(stop); });
  while (!cancel.requested()) {
    tick();
    tell_new_blocks();
    real_clock().sleep_for(kTick);
  }
  stop.request();
  follower.join();
}

void Devnet::tick() {
  const auto forged = forger_->tick();
  if (forged.ok())
    forge_failure_.clear();
  else
    fail(forge_failure_, forged.status().with_context("forging"));
}

void Devnet::tell_new_blocks() {
  const auto blocks = chain_->read([&](Ledger& ledger, const Mempool&) {
    std::vector<ChainBlock> found;
    const uint32_t height = ledger.height();
    const auto id = ledger.block_id_at(height);
    if (!id.ok() || *id == told_id_) return found;
    uint32_t first = height > told_height_ ? told_height_ + 1 : height;  // after a fork: the last
    if (height - first >= kMostToldBlocks) first = height - kMostToldBlocks + 1;
    for (; first <= height; first++)
      if (auto block = ledger.block_at(first); block.ok()) found.push_back(std::move(*block));
    return found;
  });
  for (const ChainBlock& block : blocks) {
    told_height_ = block.height;
    told_id_ = block.id;
    const std::lock_guard lock(events_mutex_);
    if (events_.block) events_.block(block);
  }
}

void Devnet::fail(std::string& last, const Status& status) {
  if (status.message() == last) return;
  last = status.message();
  const std::lock_guard lock(events_mutex_);
  if (events_.failure) events_.failure(status);
}

void Devnet::follow(const Cancel& stop) {
  Clock& clock = real_clock();
  while (!stop.requested()) {
    for (Peer& peer : peers_)
      if (clock.now() >= peer.next) poll(peer, stop);
    clock.sleep_for(kTick);
  }
}

void Devnet::poll(Peer& peer, const Cancel& stop) {
  const Status status = peer.follower->poll(stop);
  if (status.ok()) {
    peer.pause = kPollEvery;
    peer.failure.clear();
  } else if (status.code() != Code::kCancelled) {
    const bool is_bad = status.code() == Code::kCorrupt;
    peer.pause = std::min(std::max(2 * peer.pause, is_bad ? kFirstBadPause : kPollEvery),
                          is_bad ? kMostBadPause : kMostPause);
    fail(peer.failure, status);
  }
  peer.next = real_clock().now() + peer.pause;
}

}  // namespace quarry::devnet
