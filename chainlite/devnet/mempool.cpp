#include "chainlite/devnet/mempool.h"

#include <algorithm>
#include <utility>

namespace quarry::devnet {

const PendingTransaction* Mempool::find(uint64_t id) const {
  const auto found = std::ranges::find(waiting_, id, &PendingTransaction::id);
  return found == waiting_.end() ? nullptr : &*found;
}

Status Mempool::add(Ledger& ledger, const signum::Transaction& transaction, int64_t now) {
  // Before anything is hashed, which well-formed transactions can be.
  QUARRY_TRY(signum::check_form(transaction));
  // A block may hold such a transaction; nodes pass none on.
  if (transaction.deadline_minutes > signum::kMostDeadlineMinutes)
    return Status(Code::kInvalidArgument,
                  "a transaction that waits has a deadline of at most 1440 minutes");
  const Hash256 hash = signum::full_hash(transaction);
  if (find(signum::id_of(hash)) != nullptr) return Status();
  if (waiting_.size() >= kMost)
    return Status(Code::kOutOfMemory,
                  std::to_string(kMost) + " transactions wait already: try again after a block");
  QUARRY_TRY(check_transaction(ledger, transaction, now, pending_));
  pending_.add(transaction);
  waiting_.push_back({signum::id_of(hash), hash, transaction});
  return Status();
}

void Mempool::refresh(Ledger& ledger, int64_t now) {
  const auto waiting = std::exchange(waiting_, {});
  pending_ = {};
  for (const auto& entry : waiting) {
    // One that is refused now has become invalid, or stands in the chain.
    const Status added = add(ledger, entry.transaction, now);
    (void)added.ok();
  }
}

std::vector<signum::Transaction> Mempool::select(Ledger& ledger, int64_t block_timestamp) const {
  struct Candidate {
    const signum::Transaction* transaction;
    size_t bytes;
    double fee_per_byte;
  };
  std::vector<Candidate> candidates;
  for (const auto& entry : waiting_) {
    const size_t bytes = signum::transaction_bytes(entry.transaction).size();
    candidates.push_back(
        {&entry.transaction, bytes,
         static_cast<double>(entry.transaction.fee_planck) / static_cast<double>(bytes)});
  }
  std::ranges::stable_sort(candidates, std::greater(), &Candidate::fee_per_byte);

  const uint32_t height = ledger.height() + 1;
  size_t room = ledger.network().max_payload_bytes(height);
  std::vector<signum::Transaction> chosen;
  Pending pending;
  for (const auto& [transaction, bytes, unused] : candidates) {
    if (chosen.size() == ledger.network().max_transactions(height)) break;
    // It was valid when it came; its time, and the order of a sender's, may not be.
    if (bytes > room || !check_transaction(ledger, *transaction, block_timestamp, pending).ok())
      continue;
    room -= bytes;
    pending.add(*transaction);
    chosen.push_back(*transaction);
  }
  return chosen;
}

}  // namespace quarry::devnet
