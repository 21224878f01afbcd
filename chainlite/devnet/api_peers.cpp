#include "chainlite/devnet/api_peers.h"

#include <algorithm>
#include <string>

#include "base/json.h"
#include "chainlite/signum/block_json.h"
#include "chainlite/signum/transaction_json.h"

namespace quarry::devnet {
namespace {

using nlohmann::json;
using PeerResult = Result<json>;

json error(std::string_view text) { return {{"error", text}}; }

PeerResult get_info(Chain& chain, const json&) {
  return json{{"application", "quarry-devnet"},
              {"version", "v3.9.0"},
              {"platform", "quarry"},
              {"networkName", chain.network().name},
              {"shareAddress", false}};
}

PeerResult get_cumulative_difficulty(Chain& chain, const json&) {
  return chain.read([](Ledger& ledger, const Mempool&) -> PeerResult {
    QUARRY_ASSIGN(const ChainBlock tip, ledger.tip());
    return json{{"cumulativeDifficulty", tip.cumulative_difficulty.text()},
                {"blockchainHeight", tip.height}};
  });
}

// Ids on the way down from a block that the other node knows, or from the top: it
// looks for one that it has too.
PeerResult get_milestone_block_ids(Chain& chain, const json& request) {
  return chain.read([&](Ledger& ledger, const Mempool&) -> PeerResult {
    constexpr int kMostIds = 10;
    constexpr uint32_t kFirstJump = 10;
    uint32_t height = ledger.height(), jump = kFirstJump;
    if (has_member(request, "lastBlockId")) {
      QUARRY_ASSIGN(const uint64_t last, read_u64(request, "lastBlockId"));
      if (const auto known = ledger.height_of(last); known.ok()) {
        json reply = {{"milestoneBlockIds", {std::to_string(last)}}};
        if (*known == ledger.height()) reply["last"] = true;
        return reply;
      }
    }
    if (has_member(request, "lastMilestoneBlockId")) {
      QUARRY_ASSIGN(const uint64_t milestone, read_u64(request, "lastMilestoneBlockId"));
      QUARRY_ASSIGN(const uint32_t last, ledger.height_of(milestone));
      jump = std::clamp(ledger.height() - last, 1u, kMostPeerBlocks);
      height = last > jump ? last - jump : 0;
    } else if (!has_member(request, "lastBlockId")) {
      return error("Old getMilestoneBlockIds protocol not supported, please upgrade");
    }
    json ids = json::array();
    for (int i = 0; i < kMostIds && height > 0; i++) {
      QUARRY_ASSIGN(const uint64_t id, ledger.block_id_at(height));
      ids.push_back(std::to_string(id));
      height -= std::min(height, jump);
    }
    return json{{"milestoneBlockIds", std::move(ids)}};
  });
}

PeerResult get_next_block_ids(Chain& chain, const json& request) {
  QUARRY_ASSIGN(const uint64_t id, read_u64(request, "blockId"));
  return chain.read([&](Ledger& ledger, const Mempool&) -> PeerResult {
    constexpr uint32_t kMostIds = 100;
    QUARRY_ASSIGN(const uint32_t after, ledger.height_of(id));
    json ids = json::array();
    for (uint32_t i = 1; i <= kMostIds && after + i <= ledger.height(); i++) {
      QUARRY_ASSIGN(const uint64_t next, ledger.block_id_at(after + i));
      ids.push_back(std::to_string(next));
    }
    return json{{"nextBlockIds", std::move(ids)}};
  });
}

PeerResult blocks_after(Ledger& ledger, uint32_t height, uint32_t most) {
  constexpr size_t kHeaderBytes = 240;
  json blocks = json::array();
  size_t bytes = 0;
  for (uint32_t i = 1; i <= most && height + i <= ledger.height(); i++) {
    QUARRY_ASSIGN(const ChainBlock block, ledger.block_at(height + i));
    bytes += kHeaderBytes + block.block.payload_length;
    if (bytes > kMostPeerBytes && !blocks.empty()) break;
    blocks.push_back(
        signum::block_to_json(block.block, signum::pack_base_target(block.base_target)));
  }
  return json{{"nextBlocks", std::move(blocks)}};
}

PeerResult get_next_blocks(Chain& chain, const json& request) {
  QUARRY_ASSIGN(const uint64_t id, read_u64(request, "blockId"));
  return chain.read([&](Ledger& ledger, const Mempool&) -> PeerResult {
    QUARRY_ASSIGN(const uint32_t after, ledger.height_of(id));
    return blocks_after(ledger, after, kMostPeerBlocks / 2);
  });
}

// The blocks above a height, that one not among them.
PeerResult get_blocks_from_height(Chain& chain, const json& request) {
  constexpr int64_t kDefault = 100;
  QUARRY_ASSIGN(const int64_t height, read_i64(request, "height"));
  int64_t count = kDefault;
  if (has_member(request, "numBlocks")) {
    QUARRY_ASSIGN(count, read_i64(request, "numBlocks"));
  }
  if (count < 1 || count > int64_t{kMostPeerBlocks}) count = kDefault;
  return chain.read([&](Ledger& ledger, const Mempool&) -> PeerResult {
    if (height > int64_t{ledger.height()}) return json{{"nextBlocks", json::array()}};
    return blocks_after(ledger, static_cast<uint32_t>(std::max<int64_t>(height, 0)),
                        static_cast<uint32_t>(count));
  });
}

PeerResult get_unconfirmed_transactions(Chain& chain, const json&) {
  return chain.read([](Ledger&, const Mempool& mempool) -> PeerResult {
    json list = json::array();
    size_t bytes = 0;
    for (const auto& entry : mempool.all()) {
      bytes += signum::transaction_bytes(entry.transaction).size();
      if (bytes > kMostPeerBytes) break;
      list.push_back(signum::transaction_to_json(entry.transaction));
    }
    return json{{"unconfirmedTransactions", std::move(list)}};
  });
}

PeerResult process_block(Chain& chain, const json& request) {
  QUARRY_ASSIGN(const uint64_t previous, read_u64(request, "previousBlock"));
  QUARRY_ASSIGN(const Round round, chain.round());
  // Before anything costly is computed.
  if (previous != round.previous_block) return json{{"accepted", false}};
  QUARRY_ASSIGN(const signum::Block block, signum::block_from_json(request));
  return json{{"accepted", chain.append(block).ok()}};
}

PeerResult process_transactions(Chain& chain, const json& request) {
  QUARRY_ASSIGN(const json* list,
                read_array(request, "transactions", signum::kMostBlockTransactions));
  for (const json& object : *list) {
    QUARRY_ASSIGN(const auto transaction, signum::transaction_from_json(object));
    // Valid yesterday, or on the other's fork: no offence.
    const Status taken = chain.submit(transaction);
    (void)taken.ok();
  }
  return json::object();
}

PeerResult get_peers(Chain&, const json&) { return json{{"peers", json::array()}}; }
PeerResult add_peers(Chain&, const json&) { return json::object(); }

struct PeerRequest {
  std::string_view type;
  PeerResult (*handler)(Chain& chain, const json& request);
};

constexpr PeerRequest kRequests[] = {
    {"addPeers", add_peers},
    {"getBlocksFromHeight", get_blocks_from_height},
    {"getCumulativeDifficulty", get_cumulative_difficulty},
    {"getInfo", get_info},
    {"getMilestoneBlockIds", get_milestone_block_ids},
    {"getNextBlockIds", get_next_block_ids},
    {"getNextBlocks", get_next_blocks},
    {"getPeers", get_peers},
    {"getUnconfirmedTransactions", get_unconfirmed_transactions},
    {"processBlock", process_block},
    {"processTransactions", process_transactions},
};

}  // namespace

json answer_peer(Chain& chain, std::string_view body) {
  const auto request = parse_json(body, "the request");
  if (!request.ok()) return error(request.status().message());
  const auto protocol = read_text(*request, "protocol");
  if (!protocol.ok() || *protocol != "B1") return error("Unsupported protocol!");
  const auto type = read_text(*request, "requestType");
  const auto* found = type.ok() ? std::ranges::find(kRequests, *type, &PeerRequest::type)
                                : std::ranges::end(kRequests);
  if (found == std::ranges::end(kRequests)) return error("Unsupported request type!");
  auto reply = found->handler(chain, *request);
  return reply.ok() ? std::move(*reply) : error(reply.status().message());
}

}  // namespace quarry::devnet
