#include "scheduler/pool/books.h"

#include <algorithm>

#include "chainlite/signum/send.h"

namespace quarry::pool {
namespace {

constexpr int kMostPayoutsPerStep = 16;  // transactions

signum::Draft draft_of(const Amounts& amounts) {
  signum::Draft draft;
  for (const auto& [account, planck] : amounts) draft.amount_planck += planck;
  if (amounts.size() == 1) {
    draft.attachment = signum::Payment();
    draft.recipient = amounts[0].first;
  } else {
    draft.attachment = signum::MultiOutPayment{amounts};
  }
  return draft;
}

}  // namespace

Status Books::step(uint32_t height, const Cancel& cancel) {
  const uint32_t last_height = height - 1;
  QUARRY_TRY(decide_rounds(height, cancel));
  QUARRY_TRY(credit_blocks(last_height, cancel));
  const Status followed = follow_payouts(last_height, cancel);
  const Status paid = pay(cancel);
  return followed.ok() ? paid : followed;
}

Status Books::decide_rounds(uint32_t height, const Cancel& cancel) {
  QUARRY_ASSIGN(const auto rounds, store_.undecided_rounds(height));
  for (const Round& round : rounds) {
    QUARRY_ASSIGN(const ChainBlock there, upstream_.block(round.height, cancel));
    const auto best = store_.best_of(round.height, there.generator);
    if (best.status().code() != Code::kNotFound) QUARRY_TRY(best.status());
    // On another fork it was another round. A young block may be replaced by the pool's.
    if (!best.ok() || there.generation_signature != round.generation_signature) {
      if (round.height + options_.confirmations < height) QUARRY_TRY(store_.lose(round));
      continue;
    }
    WonBlock block;
    block.id = there.id;
    block.height = there.height;
    block.account_id = there.generator;
    block.nonce = there.nonce;
    QUARRY_ASSIGN(const bool is_new, store_.win(round, block));
    if (is_new && events_.block) events_.block(block);
  }
  return Status();
}

Status Books::credit_blocks(uint32_t last_height, const Cancel& cancel) {
  QUARRY_ASSIGN(const auto pending, store_.pending_blocks());
  for (WonBlock block : pending) {
    if (block.height + options_.confirmations > last_height) continue;
    QUARRY_ASSIGN(const ChainBlock there, upstream_.block(block.height, cancel));
    if (there.id == block.id) {
      QUARRY_TRY(store_.credit(block.id, there.reward_planck, options_.fee_ppm));
      block.state = WonBlock::State::kCredited;
      block.reward_planck = there.reward_planck;
      block.fee_planck = fee_of(there.reward_planck, options_.fee_ppm);
    } else {
      QUARRY_TRY(store_.orphan(block.id));
      block.state = WonBlock::State::kOrphaned;
    }
    if (events_.block) events_.block(block);
  }
  return Status();
}

// One that fails does not keep the others from being looked at.
Status Books::follow_payouts(uint32_t last_height, const Cancel& cancel) {
  QUARRY_ASSIGN(const auto open, store_.open_payouts());
  Status first_failure;
  for (const Payout& payout : open) {
    const Status status = follow(payout, last_height, cancel);
    if (first_failure.ok()) first_failure = status;
  }
  return first_failure;
}

Status Books::follow(const Payout& payout, uint32_t last_height, const Cancel& cancel) {
  const auto confirmations = upstream_.confirmations(payout.full_hash, cancel);
  if (confirmations.status().code() == Code::kNotFound) {
    // Expired for every block that may still be replaced, too.
    const uint32_t settled = last_height - std::min(last_height, options_.confirmations);
    QUARRY_ASSIGN(const ChainBlock block, upstream_.block(settled, cancel));
    if (block.timestamp > payout.expires) return end(payout, Payout::State::kExpired);
    QUARRY_ASSIGN(const auto transaction, signum::parse_transaction(payout.transaction));
    return signum::broadcast(upstream_.node(), transaction, cancel);
  }
  QUARRY_TRY(confirmations.status());
  if (confirmations->value_or(0) < options_.confirmations) return Status();
  return end(payout, Payout::State::kConfirmed);
}

Status Books::end(const Payout& payout, Payout::State state) {
  QUARRY_TRY(store_.end_payout(payout.id, state));
  if (events_.payout) events_.payout(payout, state);
  return Status();
}

Status Books::pay(const Cancel& cancel) {
  for (int i = 0; i < kMostPayoutsPerStep; i++) {
    Payout payout;
    // The pool's own part stays where it is.
    QUARRY_ASSIGN(payout.amounts, store_.due(options_.least_payout_planck, keys_.account_id(),
                                             signum::kMostMultiOut));
    if (payout.amounts.empty()) return Status();
    QUARRY_ASSIGN(auto transaction,
                  signum::prepare(upstream_.node(), draft_of(payout.amounts), keys_.public_key(),
                                  clock_.unix_seconds(), cancel));
    QUARRY_TRY(signum::sign(transaction, keys_));
    payout.transaction = signum::transaction_bytes(transaction);
    payout.full_hash = signum::full_hash(transaction);
    payout.transaction_fee_planck = transaction.fee_planck;
    payout.expires = transaction.expiration();
    QUARRY_TRY(store_.begin_payout(payout));
    if (events_.payout) events_.payout(payout, Payout::State::kOpen);
    QUARRY_TRY(signum::broadcast(upstream_.node(), transaction, cancel));
  }
  return Status();
}

}  // namespace quarry::pool
