#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "scheduler/pool/device_hits.h"
#include "tests/support/plots.h"

namespace quarry::pool {
namespace {

std::vector<NonceQuestion> random_questions(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<NonceQuestion> questions(count);
  for (NonceQuestion& question : questions) {
    question.account_id = random();
    question.nonce = random();
    question.scoop = static_cast<uint32_t>(random() % 2 == 0 ? 17 : random() % 4096);
    for (std::byte& byte : question.generation_signature) byte = static_cast<std::byte>(random());
  }
  return questions;
}

TEST(DeviceHits, AreThoseOfScalarCode) {
  std::shared_ptr<Device> device = open_device("cpu").value();
  const auto engine = device_hits(device);
  ASSERT_TRUE(engine.ok()) << engine.status().message();
  // Fewer than the lanes, and more than a batch.
  for (const size_t count : {size_t{1}, size_t{best_batch(*device)} + 3}) {
    const auto questions = random_questions(count, 20261121 + count);
    std::vector<uint64_t> hits(count), expected(count);
    (*engine)(questions, hits);
    scalar_hits(questions, expected);
    EXPECT_EQ(hits, expected);
  }
}

TEST(DeviceHits, SeveralThreadsAskOneVerifier) {
  std::shared_ptr<Device> device = open_device("cpu", {.cpu_threads = 2}).value();
  VerifierOptions options;
  options.engine = device_hits(device).value();
  options.batch = best_batch(*device);
  options.most_waiting = 64;
  Verifier verifier(std::move(options));
  const auto questions = random_questions(8, 5);
  std::vector<uint64_t> expected(questions.size());
  scalar_hits(questions, expected);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < questions.size(); i++)
    threads.emplace_back([&, i] { EXPECT_EQ(verifier.hit(questions[i]), expected[i]); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace quarry::pool
