// Wakes one thread that waits for news of several kinds.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace quarry {

class Bell {
 public:
  // There is news. Any thread.
  void ring() {
    {
      const std::lock_guard lock(mutex_);
      rung_ = true;
    }
    changed_.notify_one();
  }

  // Returns when it was rung since the last wait, or the time is over.
  void wait_for(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, time, [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;
};

}  // namespace quarry
