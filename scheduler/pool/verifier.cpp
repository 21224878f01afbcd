#include "scheduler/pool/verifier.h"

#include <algorithm>

#include "base/status.h"

namespace quarry::pool {

void scalar_hits(std::span<const NonceQuestion> questions, std::span<uint64_t> hits) {
  for (size_t i = 0; i < questions.size(); i++)
    hits[i] = signum::hit(questions[i].account_id, questions[i].nonce, questions[i].scoop,
                          questions[i].generation_signature, signum::PocVersion::kPoc2);
}

Verifier::Verifier(VerifierOptions options) : options_(std::move(options)) {
  QUARRY_CHECK(options_.engine != nullptr && options_.threads > 0 && options_.batch > 0);
  for (unsigned i = 0; i < options_.threads; i++) threads_.emplace_back([this] { work(); });
}

Verifier::~Verifier() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::optional<uint64_t> Verifier::hit(const NonceQuestion& question) {
  std::future<uint64_t> answer;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= options_.most_waiting) return std::nullopt;
    waiting_.push_back({question, {}});
    answer = waiting_.back().hit.get_future();
  }
  changed_.notify_one();
  return answer.get();
}

void Verifier::work() {
  std::vector<Waiting> batch;
  std::vector<NonceQuestion> questions;
  std::vector<uint64_t> hits;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
      if (options_.batch > 1)
        changed_.wait_for(lock, options_.gather,
                          [&] { return stopping_ || waiting_.size() >= options_.batch; });
      if (waiting_.empty()) {
        if (stopping_) return;
        continue;
      }
      const size_t count = std::min(waiting_.size(), options_.batch);
      for (size_t i = 0; i < count; i++) {
        questions.push_back(waiting_.front().question);
        batch.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
    }
    hits.assign(batch.size(), 0);
    options_.engine(questions, hits);
    for (size_t i = 0; i < batch.size(); i++) batch[i].hit.set_value(hits[i]);
    batch.clear();
    questions.clear();
  }
}

}  // namespace quarry::pool
