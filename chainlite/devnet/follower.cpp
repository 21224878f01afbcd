#include "chainlite/devnet/follower.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "chainlite/devnet/api_peers.h"
#include "chainlite/signum/block_json.h"
#include "chainlite/signum/transaction_json.h"

namespace quarry::devnet {
namespace {

using nlohmann::json;

constexpr size_t kMostMilestones = 20;    // in one reply
constexpr int kMostSteps = 1000;          // of one search
constexpr size_t kMostForkBlocks = 4320;  // held in memory at a time
constexpr size_t kMostForkBytes = size_t{64} << 20;
constexpr size_t kMostPushedTransactions = 255;
constexpr uint32_t kMostPushedBlocks = 100;
constexpr uint32_t kPollsUntilSentAgain = 30;

}  // namespace

Status Follower::bad(const std::string& what) const {
  return Status(Code::kCorrupt, node_.name() + ": " + what);
}

Status Follower::poll(const Cancel& cancel) {
  QUARRY_ASSIGN(const auto theirs, node_.tip(cancel));
  const auto tip = chain_.read([](Ledger& ledger, const Mempool&) { return ledger.tip(); });
  if (!tip.ok()) return tip.status();
  if (theirs.cumulative_difficulty > tip->cumulative_difficulty) {
    QUARRY_TRY(catch_up(cancel));
  } else if (theirs.cumulative_difficulty < tip->cumulative_difficulty) {
    QUARRY_TRY(push_blocks(cancel));
  }
  return exchange_transactions(cancel);
}

// The highest block of the other's samples that this chain has.
Result<Follower::Place> Follower::find_milestone(const Cancel& cancel) {
  QUARRY_ASSIGN(const Round round, chain_.round());
  json request = {{"lastBlockId", std::to_string(round.previous_block)}};
  for (int step = 0; step < kMostSteps; step++) {
    QUARRY_ASSIGN(const json reply, node_.ask_peer("getMilestoneBlockIds", request, cancel));
    QUARRY_ASSIGN(const json* ids, read_array(reply, "milestoneBlockIds", kMostMilestones));
    if (ids->empty()) return Place{0, chain_.network().genesis_block_id};
    uint64_t id = 0;
    for (const json& element : *ids) {
      QUARRY_ASSIGN(id, read_u64(json{{"milestoneBlockIds", element}}, "milestoneBlockIds"));
      const auto height =
          chain_.read([&](Ledger& ledger, const Mempool&) { return ledger.height_of(id); });
      if (height.ok()) return Place{*height, id};
    }
    request.erase("lastBlockId");
    request["lastMilestoneBlockId"] = std::to_string(id);
  }
  return bad("its samples of blocks never end");
}

// The last block that both chains have.
Result<Follower::Place> Follower::find_common(const Cancel& cancel) {
  QUARRY_ASSIGN(Place common, find_milestone(cancel));
  for (int step = 0; step < kMostSteps; step++) {
    const auto reply =
        node_.ask_peer("getNextBlockIds", {{"blockId", std::to_string(common.id)}}, cancel);
    if (!reply.ok()) {
      if (common.height > 0 || reply.status().code() != Code::kRefused) return reply.status();
      return reply.status().with_context(
          "there may be no common block: start both nodes with the same --block-seconds");
    }
    QUARRY_ASSIGN(const json* ids, read_array(*reply, "nextBlockIds", kMostPeerBlocks));
    const Place before = common;
    for (const json& element : *ids) {
      QUARRY_ASSIGN(const uint64_t id, read_u64(json{{"nextBlockIds", element}}, "nextBlockIds"));
      const auto height =
          chain_.read([&](Ledger& ledger, const Mempool&) { return ledger.height_of(id); });
      if (!height.ok() || *height != common.height + 1) return common;
      common = {*height, id};
    }
    if (common.height == before.height) return common;
  }
  return bad("its list of blocks never ends");
}

Result<std::vector<signum::Block>> Follower::download(uint64_t after, const Cancel& cancel) {
  QUARRY_ASSIGN(const json reply,
                node_.ask_peer("getNextBlocks", {{"blockId", std::to_string(after)}}, cancel));
  QUARRY_ASSIGN(const json* list, read_array(reply, "nextBlocks", kMostPeerBlocks));
  std::vector<signum::Block> blocks;
  blocks.reserve(list->size());
  for (const json& object : *list) {
    auto block = signum::block_from_json(object);
    if (!block.ok())
      return bad("block " + std::to_string(blocks.size() + 1) + " after " + std::to_string(after) +
                 ": " + block.status().message());
    blocks.push_back(std::move(*block));
  }
  return blocks;
}

Status Follower::catch_up(const Cancel& cancel) {
  QUARRY_ASSIGN(const Place common, find_common(cancel));
  const uint32_t height =
      chain_.read([](Ledger& ledger, const Mempool&) { return ledger.height(); });
  return common.height == height ? extend(common, cancel) : switch_to_fork(common, cancel);
}

Status Follower::extend(Place tip, const Cancel& cancel) {
  while (true) {
    QUARRY_ASSIGN(const auto blocks, download(tip.id, cancel));
    if (blocks.empty()) return Status();
    for (const auto& block : blocks) {
      QUARRY_TRY(cancel.status());
      const Status appended = chain_.append(block);
      if (!appended.ok()) {
        QUARRY_ASSIGN(const Round round, chain_.round());
        // This node forged meanwhile: a fork, for the next poll.
        if (round.previous_block != tip.id) return Status();
        if (appended.code() != Code::kCorrupt) return appended;
        return bad("refused block " + std::to_string(signum::block_id(signum::block_hash(block))) +
                   " at height " + std::to_string(tip.height + 1) + ": " + appended.message());
      }
      tip = {tip.height + 1, signum::block_id(signum::block_hash(block))};
    }
  }
}

Status Follower::switch_to_fork(Place common, const Cancel& cancel) {
  std::vector<signum::Block> branch;
  size_t bytes = 0;
  uint64_t last = common.id;
  while (branch.size() < kMostForkBlocks && bytes < kMostForkBytes) {
    QUARRY_ASSIGN(auto blocks, download(last, cancel));
    if (blocks.empty()) break;
    last = signum::block_id(signum::block_hash(blocks.back()));
    for (auto& block : blocks) {
      bytes += sizeof block + block.payload_length;
      branch.push_back(std::move(block));
    }
  }
  const auto adopted = chain_.adopt(common.height, std::move(branch), cancel);
  if (!adopted.ok() && adopted.status().code() == Code::kCorrupt)
    return bad("refused its fork after height " + std::to_string(common.height) + ": " +
               adopted.status().message());
  if (!adopted.ok()) return adopted.status().with_context(node_.name());
  if (!*adopted)
    return Status(Code::kNetwork,
                  node_.name() + ": its fork is no better than this chain, though it said so");
  return Status();
}

Status Follower::push_blocks(const Cancel& cancel) {
  QUARRY_ASSIGN(const Place known, find_milestone(cancel));
  for (uint32_t i = 1; i <= kMostPushedBlocks; i++) {
    QUARRY_TRY(cancel.status());
    const auto block = chain_.read(
        [&](Ledger& ledger, const Mempool&) { return ledger.block_at(known.height + i); });
    if (!block.ok()) return block.status().code() == Code::kNotFound ? Status() : block.status();
    json request =
        signum::block_to_json(block->block, signum::pack_base_target(block->base_target));
    QUARRY_ASSIGN(const json reply, node_.ask_peer("processBlock", std::move(request), cancel));
    // It stands on a fork of its own, and follows us or does not.
    const auto accepted = read_bool(reply, "accepted");
    if (!accepted.ok() || !*accepted) return Status();
  }
  return Status();
}

Status Follower::exchange_transactions(const Cancel& cancel) {
  QUARRY_ASSIGN(const json told,
                node_.ask_peer("getUnconfirmedTransactions", json::object(), cancel));
  QUARRY_ASSIGN(const json* list, read_array(told, "unconfirmedTransactions", 2 * Mempool::kMost));
  std::set<uint64_t> theirs;
  for (const json& object : *list) {
    // A kind that this node does not know is no offence.
    const auto transaction = signum::transaction_from_json(object);
    if (!transaction.ok()) continue;
    const uint64_t id = signum::id_of(signum::full_hash(*transaction));
    theirs.insert(id);
    if (theirs_.contains(id)) continue;
    // Refused ones are not asked about again.
    const Status taken = chain_.submit(*transaction);
    (void)taken.ok();
  }
  theirs_ = std::move(theirs);

  // What it refused it may take later, when clocks or chains have met.
  if (++polls_ % kPollsUntilSentAgain == 0) sent_.clear();
  json ours = json::array();
  std::set<uint64_t> sent;
  chain_.read([&](Ledger&, const Mempool& mempool) {
    for (const auto& entry : mempool.all()) {
      if (theirs_.contains(entry.id)) continue;
      if (!sent_.contains(entry.id)) {
        if (ours.size() == kMostPushedTransactions) continue;
        ours.push_back(signum::transaction_to_json(entry.transaction));
      }
      sent.insert(entry.id);
    }
  });
  sent_ = std::move(sent);
  if (ours.empty()) return Status();
  return node_.ask_peer("processTransactions", {{"transactions", std::move(ours)}}, cancel)
      .status();
}

}  // namespace quarry::devnet
