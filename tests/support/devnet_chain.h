// A devnet's chain in a folder of its own, with a clock that the test sets, and
// what people do on it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "chainlite/devnet/chain.h"
#include "chainlite/devnet/forger.h"
#include "tests/support/temp_folder.h"

namespace quarry::tests {

class FakeWallClock : public WallClock {
 public:
  explicit FakeWallClock(int64_t unix_seconds) : now_(unix_seconds) {}
  int64_t unix_seconds() override { return now_; }
  void advance(int64_t seconds) { now_ += seconds; }

 private:
  std::atomic<int64_t> now_;
};

using Keys = std::shared_ptr<const signum::KeyPair>;

inline Keys keys_of(std::string_view passphrase) {
  return std::make_shared<const signum::KeyPair>(
      signum::KeyPair::from_passphrase(Secret::copy_of(passphrase)));
}

class DevnetChain {
 public:
  static constexpr uint32_t kBlockSeconds = 5;

  DevnetChain() { open(); }

  // As after a restart of the process.
  void open() {
    forger.reset();
    chain.reset();
    auto opened = devnet::Chain::open(path(), kBlockSeconds, clock);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    chain = std::move(*opened);
    forger = std::make_unique<devnet::Forger>(*chain);
    forger->add_keys(signum::KeyPair::from_passphrase(Secret::copy_of(devnet::kFaucetPassphrase)));
  }

  std::string path() const { return folder.file("chain.sqlite"); }

  devnet::ChainBlock tip() const {
    return *chain->read(
        [](devnet::Ledger& ledger, const devnet::Mempool&) { return ledger.tip(); });
  }
  uint32_t height() const {
    return chain->read([](devnet::Ledger& ledger, const auto&) { return ledger.height(); });
  }
  devnet::Account account(uint64_t id) const {
    return *chain->read(
        [&](devnet::Ledger& ledger, const auto&) { return ledger.account_or_new(id); });
  }
  size_t waiting() const {
    return chain->read([](auto&, const devnet::Mempool& mempool) { return mempool.all().size(); });
  }

  // Forges a block with nonce `nonce` of the account, as soon as it may.
  devnet::ChainBlock mine(const Keys& keys, uint64_t nonce = 0) {
    const auto offered = forger->submit(std::nullopt, nonce, std::nullopt, keys);
    EXPECT_TRUE(offered.ok()) << offered.status().message();
    return wait_for_block();
  }

  // Lets the clock run until what was submitted becomes a block.
  devnet::ChainBlock wait_for_block() {
    for (int second = 0; second < 1000; second++) {
      const auto block = forger->tick();
      EXPECT_TRUE(block.ok()) << block.status().message();
      if (!block.ok()) break;
      if (*block) return **block;
      clock.advance(1);
    }
    ADD_FAILURE() << "no block came";
    return {};
  }

  // A transaction that is complete but for its kind, and signed again by sign().
  signum::Transaction draft(signum::Attachment attachment) const {
    const auto block = tip();
    signum::Transaction transaction;
    transaction.attachment = std::move(attachment);
    transaction.timestamp = static_cast<int32_t>(chain->now());
    transaction.deadline_minutes = 60;
    transaction.fee_planck = 1'000'000;
    transaction.ec_block_height = block.height;
    transaction.ec_block_id = block.id;
    transaction.cash_back_id = chain->network().cash_back_id;
    return transaction;
  }
  signum::Transaction payment(const Keys& from, uint64_t to, uint64_t planck) const {
    auto transaction = draft(signum::Payment());
    transaction.recipient = to;
    transaction.amount_planck = planck;
    EXPECT_TRUE(signum::sign(transaction, *from).ok());
    return transaction;
  }

  TempFolder folder;
  FakeWallClock clock{1'800'000'000};
  std::unique_ptr<devnet::Chain> chain;
  std::unique_ptr<devnet::Forger> forger;
};

}  // namespace quarry::tests
