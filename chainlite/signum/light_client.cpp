#include "chainlite/signum/light_client.h"

#include <algorithm>
#include <utility>

#include "chainlite/signum/nonce.h"

namespace quarry::signum {
namespace {

constexpr size_t kMostHeaders = 1441;  // as far back as any rule looks

Status corrupt(const std::string& what) { return Status(Code::kCorrupt, "block: " + what); }

}  // namespace

std::string_view evidence_name(Evidence evidence) {
  switch (evidence) {
    case Evidence::kVerified: return "verified";
    case Evidence::kAssumed: return "assumed";
    case Evidence::kReported: return "reported";
  }
  return "reported";
}

Evidence Verdict::evidence() const {
  Evidence weakest = Evidence::kVerified;
  for (const Check& check : checks) weakest = std::max(weakest, check.evidence);
  return weakest;
}

Result<LightClient> LightClient::from_genesis(const Network& network, const Block& genesis) {
  Header header;
  header.hash = block_hash(genesis);
  header.id = block_id(header.hash);
  if (header.id != network.genesis_block_id)
    return Status(Code::kCorrupt, "the chain begins with block " + std::to_string(header.id) +
                                      ", and " + network.name + " with " +
                                      std::to_string(network.genesis_block_id) +
                                      ": it is another chain");
  header.timestamp = genesis.timestamp;
  header.generator = genesis.generator_id();
  header.generation_signature = genesis.generation_signature;
  header.base_target = genesis_base_target(network);
  LightClient client(network);
  client.knows_all_ = true;
  for (const PublicKey& key : network.initial_keys) client.keys_.emplace(account_of(key), key);
  client.generators_.push_back(header.generator);
  client.recent_.push_front(header);
  return client;
}

LightClient LightClient::from_anchor(const Network& network, const Header& anchor,
                                     std::vector<Header> below) {
  LightClient client(network);
  client.recent_.push_back(anchor);
  client.recent_.insert(client.recent_.end(), below.begin(), below.end());
  return client;
}

Status LightClient::check_rules(const Block& block) const {
  const Header& previous = tip();
  const uint32_t height = previous.height + 1;
  if (block.previous_block != previous.id || block.previous_block_hash != previous.hash)
    return corrupt("it does not follow block " + std::to_string(previous.id));
  if (block.version != network_.block_version(height))
    return corrupt("version " + std::to_string(block.version) + " at height " +
                   std::to_string(height));
  if (block.timestamp <= previous.timestamp) return corrupt("it is older than the one before");
  if (block.generation_signature !=
      next_generation_signature(previous.generation_signature, previous.generator))
    return corrupt("its generation signature does not follow");
  if (block.transactions.size() > network_.max_transactions(height) ||
      block.payload_length > network_.max_payload_bytes(height))
    return corrupt("too many transactions");
  return check_payload(block);
}

// What the account of a generator has committed, as it counts for the next block.
// Only where all blocks are known.
uint64_t LightClient::commitment_of(uint64_t generator) const {
  const uint32_t previous = tip().height;
  const int64_t counts_until = int64_t{previous} - network_.commitment_wait(previous);
  int64_t committed = 0;
  if (const auto found = commitments_.find(generator); found != commitments_.end())
    for (const Commitment& change : found->second)
      if (change.planck < 0 || change.height <= counts_until) committed += change.planck;
  ForgedBlocks forged;
  for (size_t back = 0; back < generators_.size() && back <= 32'400; back++) {
    if (generators_[generators_.size() - 1 - back] != generator) continue;
    if (back <= 360) forged.in_360++;
    if (back <= 1'440) forged.in_1440++;
    forged.in_32400++;
  }
  return commitment_per_capacity(network_, previous, tip().base_target.capacity,
                                 static_cast<uint64_t>(std::max<int64_t>(committed, 0)), forged);
}

// A generator's commitment makes its deadline up to 8 times shorter or longer
// before the logarithm; which, its state says.
Result<Check> LightClient::check_nonce(const Block& block, uint64_t commitment) const {
  const uint32_t height = tip().height + 1;
  DeadlineInput input;
  input.height = height;
  input.hit =
      hit(block.generator_id(), block.nonce, scoop_number(block.generation_signature, height),
          block.generation_signature, network_.poc_version(height));
  input.capacity_base_target = tip().base_target.capacity;
  const int64_t elapsed = int64_t{block.timestamp} - tip().timestamp;
  const auto allowed = [&](double factor) {
    input.commitment_factor = factor;
    return check_deadline(network_, input, elapsed);
  };
  if (height < network_.activations.poc_plus || knows_all_) {
    const auto verdict =
        allowed(height < network_.activations.poc_plus
                    ? 1
                    : commitment_factor(commitment, tip().base_target.average_commitment));
    if (verdict == DeadlineCheck::kTooEarly) return corrupt("it is too early for its nonce");
    if (verdict == DeadlineCheck::kInTime) return Check{"nonce", Evidence::kVerified, ""};
    return Check{"nonce", Evidence::kAssumed, "on the boundary of its second"};
  }
  if (allowed(kMaxCommitmentFactor) == DeadlineCheck::kTooEarly)
    return corrupt("it is too early for its nonce, whatever its generator committed");
  if (allowed(kMinCommitmentFactor) == DeadlineCheck::kInTime)
    return Check{"nonce", Evidence::kVerified, ""};
  return Check{"nonce", Evidence::kAssumed,
               "in time if its generator committed enough, which blocks alone do not tell"};
}

Result<Check> LightClient::check_signature(const Block& block) const {
  const uint64_t generator = block.generator_id();
  const auto assignment = assignments_.find(generator);
  uint64_t signer = generator;
  if (assignment != assignments_.end())
    signer = tip().height + 1 >= assignment->second.from_height ? assignment->second.recipient
                                                                : assignment->second.previous;
  if (signer == generator) {
    if (verify_signature(block, block.generator)) {
      return knows_all_ ? Check{"signature", Evidence::kVerified, ""}
                        : Check{"signature", Evidence::kAssumed,
                                "the generator's, if it assigned its rewards to nobody earlier"};
    }
    if (knows_all_) return corrupt("its signature does not hold");
    return Check{"signature", Evidence::kReported,
                 "signed by a reward recipient that was assigned before the first known block"};
  }
  const auto key = keys_.find(signer);
  if (key == keys_.end()) {
    if (knows_all_) return corrupt("its reward recipient has no public key");
    return Check{"signature", Evidence::kReported, "the reward recipient's key is not known"};
  }
  if (!verify_signature(block, key->second)) return corrupt("its signature does not hold");
  return Check{"signature", Evidence::kVerified, ""};
}

Result<Check> LightClient::check_base_target(const PeerBlock& peer, uint64_t commitment,
                                             Header& header) const {
  const uint32_t window = base_target_window(network_, header.height);
  if (recent_.size() < std::min<size_t>(window, header.height)) {
    header.base_target = tip().base_target;
    if (!peer.packed_base_target)
      return Status(Code::kUnsupported, "the node does not tell base targets: begin at genesis");
    if (header.height >= network_.activations.poc_plus) {
      QUARRY_ASSIGN(header.base_target, unpack_base_target(*peer.packed_base_target));
    } else {
      header.base_target.capacity = *peer.packed_base_target;
    }
    return Check{"base target", Evidence::kReported, "too few blocks below are known"};
  }
  std::vector<PastBlock> past;
  for (size_t i = 0; i < std::min<size_t>(window, recent_.size()); i++)
    past.push_back({recent_[i].timestamp, recent_[i].base_target.capacity});
  NextBlock next;
  next.height = header.height;
  next.timestamp = header.timestamp;
  next.past = past;
  next.previous_average_commitment = tip().base_target.average_commitment;
  next.past_average_commitment = next.previous_average_commitment;
  next.commitment = next.previous_average_commitment;
  if (knows_all_) {
    const uint32_t back = tip().height - past_commitment_height(network_, header.height);
    next.commitment = commitment;
    next.past_average_commitment = recent_[back].base_target.average_commitment;
  }
  const BlockTarget target = next_base_target(network_, next);
  header.base_target = target.base_target;
  if (knows_all_) {
    header.cumulative_difficulty = tip().cumulative_difficulty + target.difficulty;
    return Check{"base target", Evidence::kVerified, ""};
  }
  if (header.height < network_.activations.poc_plus || !peer.packed_base_target)
    return Check{"base target", Evidence::kAssumed, "rests on the blocks that it began with"};
  // The capacity's half follows from times alone; the commitments' half moves by
  // at most a fifth, and where in between only the accounts know.
  QUARRY_ASSIGN(const BaseTarget told, unpack_base_target(*peer.packed_base_target));
  if (told.capacity != header.base_target.capacity)
    return corrupt("its base target is not the one that follows");
  const double ratio = static_cast<double>(told.average_commitment) /
                       static_cast<double>(next.previous_average_commitment);
  const bool is_least = told.average_commitment <= kPlanckPerCoin;
  if (!is_least && (ratio < 0.79 || ratio > 1.21))
    return corrupt("its average commitment moves by more than a fifth");
  header.base_target.average_commitment = told.average_commitment;
  return Check{"base target", Evidence::kAssumed, "average commitment as reported, within bounds"};
}

void LightClient::learn(const Block& block, uint32_t height) {
  keys_.emplace(block.generator_id(), block.generator);
  if (knows_all_) generators_.push_back(block.generator_id());
  for (const Transaction& transaction : block.transactions) {
    const uint64_t sender = transaction.sender_id();
    keys_.emplace(sender, transaction.sender);
    if (transaction.announced_key)
      keys_.emplace(account_of(*transaction.announced_key), *transaction.announced_key);
    if (const auto* add = std::get_if<AddCommitment>(&transaction.attachment))
      commitments_[sender].push_back({height, static_cast<int64_t>(add->amount_planck)});
    if (const auto* remove = std::get_if<RemoveCommitment>(&transaction.attachment))
      commitments_[sender].push_back({height, -static_cast<int64_t>(remove->amount_planck)});
    if (!std::holds_alternative<RewardRecipientAssignment>(transaction.attachment)) continue;
    const auto known = assignments_.find(sender);
    const uint64_t previous = known == assignments_.end()           ? sender
                              : height >= known->second.from_height ? known->second.recipient
                                                                    : known->second.previous;
    assignments_[sender] = {transaction.recipient, previous,
                            height + network_.reward_recipient_wait_blocks};
  }
}

Result<Verdict> LightClient::append(const PeerBlock& peer) {
  const Block& block = peer.block;
  const std::string where = "height " + std::to_string(tip().height + 1);
  if (const Status rules = check_rules(block); !rules.ok()) return rules.with_context(where);
  Verdict verdict;
  Header& header = verdict.header;
  header.height = tip().height + 1;
  header.hash = block_hash(block);
  header.id = block_id(header.hash);
  header.timestamp = block.timestamp;
  header.generator = block.generator_id();
  header.generation_signature = block.generation_signature;
  const Evidence place = knows_all_ ? Evidence::kVerified : Evidence::kAssumed;
  verdict.checks.push_back({"link", place, knows_all_ ? "" : "rests on the block it began with"});
  verdict.checks.push_back({"payload", Evidence::kVerified, ""});
  const uint64_t commitment = knows_all_ ? commitment_of(header.generator) : 0;
  for (auto check : {check_nonce(block, commitment), check_signature(block),
                     check_base_target(peer, commitment, header)}) {
    if (!check.ok()) return check.status().with_context(where);
    verdict.checks.push_back(std::move(*check));
  }
  learn(block, header.height);
  recent_.push_front(header);
  if (recent_.size() > kMostHeaders) recent_.pop_back();
  return verdict;
}

Status verify_inclusion(const Block& block, uint64_t transaction) {
  QUARRY_TRY(check_payload(block));
  const bool is_in = std::ranges::any_of(block.transactions, [&](const Transaction& candidate) {
    return id_of(full_hash(candidate)) == transaction;
  });
  if (is_in) return Status();
  return Status(Code::kNotFound,
                "transaction " + std::to_string(transaction) + " is not in the block");
}

}  // namespace quarry::signum
