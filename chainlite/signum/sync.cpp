#include "chainlite/signum/sync.h"

#include <algorithm>

#include "base/hex.h"
#include "base/json.h"

namespace quarry::signum {
namespace {

using nlohmann::json;

constexpr uint32_t kBatch = 100;

// The first block of a chain of the family: only its payload's hash differs.
Block first_block(const Hash256& payload_hash) {
  Block genesis;
  genesis.version = -1;
  genesis.payload_hash = payload_hash;
  return genesis;
}

// The block at `height` with what only its place tells, as the node's client API
// has it.
Result<Header> reported_header(const NodeClient& node, uint32_t height, const Cancel& cancel) {
  QUARRY_ASSIGN(const json reply,
                node.call("getBlock", {{"height", std::to_string(height)}}, cancel));
  Header header;
  header.height = height;
  QUARRY_ASSIGN(header.id, read_u64(reply, "block"));
  QUARRY_ASSIGN(header.timestamp, read_i32(reply, "timestamp"));
  QUARRY_ASSIGN(const auto generator, read_hex_array<32>(reply, "generatorPublicKey"));
  header.generator = account_of(generator);
  QUARRY_ASSIGN(header.generation_signature, read_hex_array<32>(reply, "generationSignature"));
  QUARRY_ASSIGN(header.base_target.capacity, read_u64(reply, "baseTarget"));
  QUARRY_ASSIGN(header.base_target.average_commitment, read_u64(reply, "averageCommitmentNQT"));
  if (header.base_target.capacity == 0 || header.base_target.average_commitment == 0)
    return Status(Code::kCorrupt, node.name() + " tells a base target of 0");
  // The block above names its hash.
  QUARRY_ASSIGN(const auto above, node.blocks_above(height, 1, cancel));
  if (above.empty()) return Status(Code::kNotFound, "no block above " + std::to_string(height));
  header.hash = above[0].block.previous_block_hash;
  return header;
}

}  // namespace

Result<ChainOfNode> identify_chain(const NodeClient& node, const Cancel& cancel) {
  QUARRY_ASSIGN(const json constants, node.call("getConstants", {}, cancel));
  QUARRY_ASSIGN(const uint64_t genesis, read_u64(constants, "genesisBlockId"));
  ChainOfNode chain;
  if (genesis == mainnet().genesis_block_id) {
    chain.network = mainnet();
    chain.genesis = first_block(sha256(Bytes()));
    return chain;
  }
  QUARRY_ASSIGN(const uint32_t seconds, read_u32(constants, "blockTime"));
  QUARRY_ASSIGN(const json block, node.call("getBlock", {{"height", "0"}}, cancel));
  QUARRY_ASSIGN(const Hash256 payload, read_hex_array<32>(block, "payloadHash"));
  chain.genesis = first_block(payload);
  if (seconds < 1 || seconds > 86'400 || block_id(block_hash(chain.genesis)) != genesis)
    return Status(Code::kUnsupported,
                  node.name() + " has a chain that is neither Signum's main net nor a devnet");
  chain.network = devnet_network(seconds);
  chain.network.genesis_block_id = genesis;
  return chain;
}

Result<Verdict> sync_chain(const NodeClient& node, const ChainOfNode& chain, SyncRange range,
                           const EachBlock& each, const Cancel& cancel) {
  std::optional<LightClient> client;
  if (range.first_height <= 1) {
    QUARRY_ASSIGN(client, LightClient::from_genesis(chain.network, chain.genesis));
  } else {
    QUARRY_ASSIGN(const Header anchor, reported_header(node, range.first_height - 1, cancel));
    client = LightClient::from_anchor(chain.network, anchor, {});
  }
  std::optional<Verdict> last;
  while (client->tip().height < range.last_height) {
    QUARRY_TRY(cancel.status());
    const uint32_t want = std::min(kBatch, range.last_height - client->tip().height);
    QUARRY_ASSIGN(const auto blocks, node.blocks_above(client->tip().height, want, cancel));
    if (blocks.empty()) break;
    for (const PeerBlock& block : blocks) {
      QUARRY_TRY(cancel.status());
      QUARRY_ASSIGN(last, client->append(block));
      QUARRY_TRY(each(*last, block));
    }
  }
  if (!last)
    return Status(Code::kNotFound,
                  node.name() + " has no block at height " + std::to_string(range.first_height));
  return std::move(*last);
}

}  // namespace quarry::signum
