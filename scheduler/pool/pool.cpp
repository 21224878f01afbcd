#include "scheduler/pool/pool.h"

#include <thread>
#include <utility>

namespace quarry::pool {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPoll{50};       // of a node on this machine
constexpr milliseconds kBooksLook{50};  // for a new round
constexpr milliseconds kBooksRetry{1000};
constexpr unsigned kSpareThreads = 8;           // of the server, when all nonces wait
constexpr size_t kMostConnectionsOfAPeer = 64;  // many rigs may share an address

Result<std::unique_ptr<File>> lock_store(const std::string& store) {
  OpenOptions options;
  options.write = true;
  options.create = true;
  QUARRY_ASSIGN(auto file, posix_file_system().open(store + ".lock", options));
  const Status locked = file->lock();
  if (locked.code() == Code::kExists)
    return Status(Code::kExists, "another pool keeps its books in " + store +
                                     ": stop it, or give another --store");
  QUARRY_TRY(locked);
  return file;
}

// The first hit that is not taken.
uint64_t most_hit(uint64_t most_deadline, uint64_t base_target) {
  if (most_deadline == 0) return UINT64_MAX;
  const auto product = (static_cast<unsigned __int128>(most_deadline) + 1) * base_target;
  return product > UINT64_MAX ? UINT64_MAX : static_cast<uint64_t>(product);
}

}  // namespace

Pool::Pool(PoolOptions options, PoolEvents events)
    : options_(std::move(options)),
      events_(std::move(events)),
      keys_(signum::KeyPair::from_passphrase(options_.passphrase)) {}

Result<std::unique_ptr<Pool>> Pool::start(PoolOptions options, WallClock& clock,
                                          PoolEvents events) {
  std::unique_ptr<Pool> pool(new Pool(std::move(options), std::move(events)));
  QUARRY_TRY(pool->open(clock));
  QUARRY_TRY(pool->listen());
  return pool;
}

Status Pool::open(WallClock& clock) {
  http_ = make_http_client();
  QUARRY_ASSIGN(auto node, signum::NodeClient::open(*http_, options_.node));
  node_ = std::make_unique<signum::NodeClient>(std::move(node));
  QUARRY_ASSIGN(const auto upstream, Upstream::open(*node_, options_.passphrase));
  upstream_ = std::make_unique<Upstream>(upstream);
  QUARRY_ASSIGN(chain_, upstream_->facts(Cancel()));
  QUARRY_ASSIGN(lock_, lock_store(options_.store));
  QUARRY_ASSIGN(store_, Store::open(options_.store, keys_.account_id(), options_.window));

  forwarder_ = std::make_unique<Forwarder>(
      *upstream_, [this](const Status& status) { tell(status, forward_failure_); });
  verifier_ = std::make_unique<Verifier>(options_.verifier);
  submissions_ = std::make_unique<Submissions>(
      *store_, *verifier_, [this](const Round& round, const Submission& submission) {
        forwarder_->offer(round, submission);
      });
  BookEvents events;
  events.block = [this](const WonBlock& block) { tell(events_.block, block); };
  events.payout = [this](const Payout& payout, Payout::State state) {
    tell(events_.payout, payout, state);
  };
  books_ =
      std::make_unique<Books>(*store_, *upstream_, keys_, clock, options_.books, std::move(events));
  return Status();
}

Status Pool::listen() {
  PoolFacts facts;
  facts.account_id = keys_.account_id();
  facts.chain = chain_;
  facts.window = options_.window;
  facts.confirmations = options_.books.confirmations;
  facts.fee_ppm = options_.books.fee_ppm;
  facts.least_payout_planck = options_.books.least_payout_planck;
  facts.most_deadline = options_.most_deadline;
  limits_ = std::make_unique<Limits>(options_.limits, real_clock());
  api_ = std::make_unique<MiningApi>(*submissions_, *store_, *limits_, facts, real_clock(),
                                     [this](const Claim& claim, const Judgement& judgement) {
                                       tell(events_.submission, claim, judgement);
                                     });
  HttpServerOptions server;
  server.address = options_.address;
  server.port = options_.port;
  // A submission keeps a thread until its nonce is computed: others must stay free.
  const VerifierOptions& verifier = options_.verifier;
  server.threads =
      static_cast<unsigned>(verifier.most_waiting + verifier.threads * verifier.batch) +
      kSpareThreads;
  server.max_header_bytes = kMostHeaderBytes;
  server.max_body_bytes = kMostBodyBytes;
  server.max_connections_per_peer = kMostConnectionsOfAPeer;
  server.max_parameters = kMostParameters;
  QUARRY_ASSIGN(server_, HttpServer::listen(server, [this](const IncomingRequest& request) {
                  return api_->handle(request);
                }));
  return Status();
}

void Pool::run(const Cancel& cancel) {
  Cancel stop;
  std::thread forward([&] { forwarder_->run(stop); });
  std::thread books([&] { keep_books(stop); });
  while (!cancel.requested()) {
    tell(look_for_round(cancel), watch_failure_);
    real_clock().sleep_for(kPoll);
  }
  stop.request();
  forward.join();
  books.join();
}

Status Pool::look_for_round(const Cancel& stop) {
  auto asked = upstream_->round(stop);
  if (!asked.ok()) {
    node_was_away_ = true;
    return asked.status();
  }
  Round& round = *asked;
  const auto current = submissions_->round();
  if (current && current->same_as(round)) {
    // A node keeps nonces in memory only, and may have been started again.
    if (std::exchange(node_was_away_, false)) offer_bests(*current);
    return Status();
  }
  node_was_away_ = false;
  round.most_hit = most_hit(options_.most_deadline, round.base_target);
  // A list that cannot be had is no reason to mine nothing: the last one is nearly right.
  auto members = upstream_->members(keys_.account_id(), stop);
  if (!members.ok() && !members_) return members.status();
  if (members.ok()) members_ = std::move(*members);
  forwarder_->begin_round(round);
  QUARRY_TRY(submissions_->begin_round(round, *members_));
  offer_bests(round);  // those that the store knows, after a start in the middle of a round
  tell(events_.round, round);
  return members.status();
}

void Pool::offer_bests(const Round& round) {
  for (const Submission& submission : submissions_->bests()) forwarder_->offer(round, submission);
}

void Pool::keep_books(const Cancel& stop) {
  std::optional<Round> kept;
  while (!stop.requested()) {
    real_clock().sleep_for(kBooksLook);
    const auto round = submissions_->round();
    if (!round || (kept && kept->same_as(*round))) continue;
    const Status status = books_->step(round->height, stop);
    tell(status, books_failure_);
    if (status.ok())
      kept = round;
    else
      real_clock().sleep_for(kBooksRetry);
  }
}

void Pool::tell(const Status& failure, std::string& last) {
  if (failure.code() == Code::kCancelled || failure.message() == last) return;
  last = failure.message();
  if (!failure.ok()) tell(events_.failure, failure);
}

}  // namespace quarry::pool
