// Nonces that strangers hand in, computed again before they count.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "chainlite/signum/nonce.h"

namespace quarry::pool {

struct NonceQuestion {
  uint64_t account_id = 0;
  uint64_t nonce = 0;
  uint32_t scoop = 0;
  signum::GenerationSignature generation_signature{};
};

// Computes the hit of each question, in PoC2 order. Called by several threads at a
// time. An engine whose device may fail has to help itself.
using HitEngine =
    std::function<void(std::span<const NonceQuestion> questions, std::span<uint64_t> hits)>;

// The engine that needs nothing: chainlite's scalar code, about 0.1 s a nonce.
void scalar_hits(std::span<const NonceQuestion> questions, std::span<uint64_t> hits);

struct VerifierOptions {
  HitEngine engine = scalar_hits;
  unsigned threads = 2;      // that compute
  size_t batch = 1;          // nonces that the engine gets at a time, at most
  size_t most_waiting = 16;  // beyond those under way; more are refused
  // How long a batch that is not full waits for more: whose answers came together ask
  // together again, but not at the same moment.
  std::chrono::milliseconds gather{2};
};

// Any thread asks; the verifier's threads compute, as many in a batch as wait.
class Verifier {
 public:
  explicit Verifier(VerifierOptions options);
  ~Verifier();  // after what is under way; no question may wait any more
  Verifier(const Verifier&) = delete;
  Verifier& operator=(const Verifier&) = delete;

  // Waits for the hit; nothing if too many wait already.
  std::optional<uint64_t> hit(const NonceQuestion& question);

 private:
  struct Waiting {
    NonceQuestion question;
    std::promise<uint64_t> hit;
  };
  void work();

  const VerifierOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace quarry::pool
