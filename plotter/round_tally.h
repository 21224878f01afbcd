// The best of every account in a round, as blocks are scanned.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "plotter/scan.h"

namespace quarry {

// Any thread may call it.
class RoundTally {
 public:
  // Forgets all.
  void clear();

  // Of equal hits the smaller nonce counts, and then the file that sorts first.
  // True if it is the account's best so far.
  bool add(Deadline found);

  // The accounts' bests that got better since the last call, by account.
  std::vector<Deadline> take_better();

  // One for each account, the smallest hit first.
  std::vector<Deadline> best() const;

 private:
  struct Best {
    Deadline deadline;
    bool is_new = false;  // take_better() has not told it yet
  };
  mutable std::mutex mutex_;
  std::map<uint64_t, Best> best_;  // by account
};

}  // namespace quarry
