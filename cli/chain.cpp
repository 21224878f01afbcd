// quarry chain: what a node says of its chain, checked.

#include "base/hex.h"
#include "base/json.h"
#include "base/units.h"
#include "chainlite/signum/block_json.h"
#include "chainlite/signum/sync.h"
#include "cli/command.h"
#include "cli/wallet.h"
#include "host/file.h"

namespace quarry::cli {
namespace {

using signum::Evidence;
using signum::evidence_name;

constexpr Flag kFlags[] = {
    {"node", FlagKind::kValue, "URL",
     "the node to ask; default: http://127.0.0.1:8125, a devnet's"},
    {"depth", FlagKind::kValue, "N",
     "sync, block, tx: how many blocks below are checked too; default: all from the first "
     "block where there are at most 1000, else 100"},
    {"proof", FlagKind::kValue, "FILE", "tx: writes a proof that verify-proof checks offline"},
};

constexpr uint64_t kMostProofBytes = 8 << 20;

Json verdict_json(const signum::Verdict& verdict) {
  Json checks = Json::array();
  for (const auto& check : verdict.checks)
    checks.push_back(
        {{"check", check.what}, {"evidence", evidence_name(check.evidence)}, {"note", check.note}});
  const auto& header = verdict.header;
  return {{"height", header.height},
          {"block", json_u64(header.id)},
          {"hash", format_hex(header.hash)},
          {"timestamp", header.timestamp},
          {"generator", json_u64(header.generator)},
          {"base_target", json_u64(header.base_target.capacity)},
          {"evidence", evidence_name(verdict.evidence())},
          {"checks", checks}};
}

std::string verdict_text(const signum::Verdict& verdict) {
  std::string text = "block " + std::to_string(verdict.header.height) + ", " +
                     std::to_string(verdict.header.id) + ": " +
                     std::string(evidence_name(verdict.evidence())) + "\n";
  std::vector<std::vector<std::string>> rows;
  for (const auto& check : verdict.checks)
    rows.push_back(
        {"  " + std::string(check.what), std::string(evidence_name(check.evidence)), check.note});
  return text + format_table(rows);
}

// Heights to check so that the one at `height` rests on --depth blocks.
Result<signum::SyncRange> range_to(const Arguments& arguments, uint32_t height) {
  constexpr uint32_t kAll = 1000, kDefaultDepth = 100;
  QUARRY_ASSIGN(const uint64_t depth,
                arguments.number("depth", height <= kAll ? height : kDefaultDepth));
  if (depth < 1) return arguments.usage_error("--depth: at least 1");
  const uint32_t first = depth >= height ? 1 : height - static_cast<uint32_t>(depth) + 1;
  return signum::SyncRange{first, height};
}

Result<int> chain_status(const Arguments& arguments, Session& session) {
  QUARRY_ASSIGN(const Node node, open_node(arguments));
  QUARRY_ASSIGN(const auto chain, signum::identify_chain(*node.client, session.cancel()));
  QUARRY_ASSIGN(const auto tip, node.client->tip(session.cancel()));
  session.print({{"node", node.client->name()},
                 {"network", chain.network.name},
                 {"genesis", json_u64(chain.network.genesis_block_id)},
                 {"block_seconds", chain.network.block_seconds},
                 {"height", tip.height},
                 {"cumulative_difficulty", tip.cumulative_difficulty.text()},
                 {"evidence", evidence_name(Evidence::kReported)}},
                format_table({{"node", node.client->name()},
                              {"network", chain.network.name},
                              {"height", std::to_string(tip.height)},
                              {"cumulative difficulty", tip.cumulative_difficulty.text()}}) +
                    "as the node reports; quarry chain sync checks it\n");
  return kExitDone;
}

Result<int> chain_sync(const Arguments& arguments, Session& session) {
  QUARRY_ASSIGN(const Node node, open_node(arguments));
  QUARRY_ASSIGN(const auto chain, signum::identify_chain(*node.client, session.cancel()));
  QUARRY_ASSIGN(const auto tip, node.client->tip(session.cancel()));
  if (tip.height == 0) return Status(Code::kNotFound, "the chain has only its first block");
  QUARRY_ASSIGN(const auto range, range_to(arguments, tip.height));
  uint64_t blocks = 0, transactions = 0;
  const uint64_t total = range.last_height - range.first_height + 1;
  const auto last = signum::sync_chain(
      *node.client, chain, range,
      [&](const signum::Verdict&, const signum::PeerBlock& block) {
        blocks++;
        transactions += block.block.transactions.size();
        session.progress().report({.task = "check",
                                   .unit = "blocks",
                                   .done = blocks,
                                   .total = total,
                                   .bytes_per_unit = 0,
                                   .parts = {}});
        return Status();
      },
      session.cancel());
  QUARRY_TRY(last.status());
  session.print({{"network", chain.network.name},
                 {"from_genesis", range.first_height <= 1},
                 {"blocks", blocks},
                 {"transactions", transactions},
                 {"tip", verdict_json(*last)}},
                std::to_string(blocks) + " blocks with " + std::to_string(transactions) +
                    " transactions checked, " +
                    (range.first_height <= 1 ? "from the first block on"
                                             : "from block " + std::to_string(range.first_height)) +
                    "\n" + verdict_text(*last));
  return kExitDone;
}

// The block at `height` and its verdict.
struct CheckedBlock {
  signum::Verdict verdict;
  signum::Block block;
};
Result<CheckedBlock> check_block_at(const Arguments& arguments, Session& session, const Node& node,
                                    uint32_t height) {
  if (height == 0)
    return arguments.usage_error("the first block is known by its id: give a height from 1 on");
  QUARRY_ASSIGN(const auto chain, signum::identify_chain(*node.client, session.cancel()));
  QUARRY_ASSIGN(const auto range, range_to(arguments, height));
  CheckedBlock found;
  QUARRY_ASSIGN(found.verdict, signum::sync_chain(
                                   *node.client, chain, range,
                                   [&](const auto&, const signum::PeerBlock& block) {
                                     found.block = block.block;
                                     return Status();
                                   },
                                   session.cancel()));
  if (found.verdict.header.height != height)
    return Status(Code::kNotFound, "the chain has no block at height " + std::to_string(height));
  return found;
}

Result<int> chain_block(const Arguments& arguments, Session& session) {
  if (arguments.positional().size() != 2)
    return arguments.usage_error("name a block by its height: quarry chain block HEIGHT");
  const auto height = parse_u64(arguments.positional()[1]);
  if (!height.ok() || *height > UINT32_MAX)
    return arguments.usage_error("\"" + arguments.positional()[1] + "\" is no height");
  QUARRY_ASSIGN(const Node node, open_node(arguments));
  QUARRY_ASSIGN(const auto found,
                check_block_at(arguments, session, node, static_cast<uint32_t>(*height)));
  Json json = verdict_json(found.verdict);
  json["transactions"] = Json::array();
  for (const auto& transaction : found.block.transactions)
    json["transactions"].push_back(json_u64(signum::id_of(signum::full_hash(transaction))));
  session.print(json, verdict_text(found.verdict) +
                          std::to_string(found.block.transactions.size()) + " transactions\n");
  return kExitDone;
}

Status write_proof(const std::string& path, uint64_t id, const CheckedBlock& found) {
  const Json proof = {{"format", "quarry-inclusion-proof"},
                      {"version", 1},
                      {"transaction", json_u64(id)},
                      {"height", found.verdict.header.height},
                      {"block", signum::block_to_json(found.block, 0)}};
  const std::string text = proof.dump(1) + "\n";
  QUARRY_ASSIGN(const auto file,
                posix_file_system().open(path, {.write = true, .create = true, .exclusive = true}));
  Status written = file->write_at(0, text_bytes(text));
  if (written.ok()) written = file->sync();
  if (!written.ok()) {
    // Half a proof is none; what kept it from being written is what to tell.
    const Status removed = posix_file_system().remove(path);
    (void)removed.ok();
  }
  return written;
}

Result<int> chain_tx(const Arguments& arguments, Session& session) {
  if (arguments.positional().size() != 2)
    return arguments.usage_error("name a transaction: quarry chain tx ID");
  const auto id = parse_u64(arguments.positional()[1]);
  if (!id.ok())
    return arguments.usage_error("\"" + arguments.positional()[1] + "\" is no transaction's id");
  QUARRY_ASSIGN(const Node node, open_node(arguments));
  QUARRY_ASSIGN(const auto reply,
                node.client->call("getTransaction", {{"transaction", std::to_string(*id)}},
                                  session.cancel()));
  if (!has_member(reply, "block"))
    return Status(Code::kNotFound, "transaction " + std::to_string(*id) + " waits for a block");
  QUARRY_ASSIGN(const uint32_t height, read_u32(reply, "height"));
  QUARRY_ASSIGN(const auto found, check_block_at(arguments, session, node, height));
  if (const Status in = signum::verify_inclusion(found.block, *id); !in.ok())
    return Status(Code::kCorrupt, node.client->name() + " says height " + std::to_string(height) +
                                      ", but " + in.message());
  if (arguments.has("proof")) QUARRY_TRY(write_proof(arguments.text("proof"), *id, found));
  session.print({{"transaction", json_u64(*id)},
                 {"inclusion", evidence_name(Evidence::kVerified)},
                 {"block", verdict_json(found.verdict)}},
                "transaction " + std::to_string(*id) + " is in block " + std::to_string(height) +
                    ": verified\n" + verdict_text(found.verdict));
  return kExitDone;
}

Result<int> chain_verify_proof(const Arguments& arguments, Session& session) {
  if (arguments.positional().size() != 2)
    return arguments.usage_error("name a proof's file: quarry chain verify-proof FILE");
  const std::string& path = arguments.positional()[1];
  QUARRY_ASSIGN(const FileInfo info, posix_file_system().info(path));
  if (info.size_bytes > kMostProofBytes) return Status(Code::kCorrupt, path + ": too large");
  QUARRY_ASSIGN(const auto file, posix_file_system().open(path, {}));
  std::string text(info.size_bytes, '\0');
  QUARRY_TRY(file->read_at(0, std::as_writable_bytes(std::span(text))));
  QUARRY_ASSIGN(const auto proof, parse_json(text, path));
  QUARRY_ASSIGN(const uint64_t id, read_u64(proof, "transaction"));
  if (!has_member(proof, "block")) return Status(Code::kCorrupt, path + ": there is no block");
  auto block = signum::block_from_json(proof["block"]);
  if (!block.ok()) return block.status().with_context(path);
  if (const Status in = signum::verify_inclusion(*block, id); !in.ok())
    return Status(Code::kCorrupt, path + ": " + in.message());
  const bool is_generators = signum::verify_signature(*block, block->generator);
  const Hash256 hash = signum::block_hash(*block);
  session.print({{"transaction", json_u64(id)},
                 {"inclusion", evidence_name(Evidence::kVerified)},
                 {"block", json_u64(signum::block_id(hash))},
                 {"block_hash", format_hex(hash)},
                 {"block_signature", is_generators ? "generator" : "reward recipient, assumed"},
                 {"block_in_chain", evidence_name(Evidence::kReported)}},
                "transaction " + std::to_string(id) + " is in block " +
                    std::to_string(signum::block_id(hash)) +
                    ": verified\nwhether that block is in the chain, only the chain tells: " +
                    "quarry chain block\n");
  return kExitDone;
}

Result<int> run(const Arguments& arguments, Session& session) {
  const std::string action = arguments.positional().empty() ? "" : arguments.positional()[0];
  if (action == "status") return chain_status(arguments, session);
  if (action == "sync") return chain_sync(arguments, session);
  if (action == "block") return chain_block(arguments, session);
  if (action == "tx") return chain_tx(arguments, session);
  if (action == "verify-proof") return chain_verify_proof(arguments, session);
  return arguments.usage_error("say what to do: status, sync, block, tx, verify-proof");
}

}  // namespace

const Command kChainCommand = {
    "chain",         "a node's chain, checked: status, sync, block, tx, verify-proof",
    "ACTION [WHAT]", DeviceUse::kNone,
    kFlags,          run};

}  // namespace quarry::cli
