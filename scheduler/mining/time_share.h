// Which of several networks' rounds is read next, where the same disks mine all of
// them: each gets disk time in proportion to its share, as far as it has rounds to
// read (stride scheduling; Waldspurger and Weihl, 1995).
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace quarry::mining {

// Belongs to one thread.
class TimeShare {
 public:
  // A share > 0 for each network.
  explicit TimeShare(std::vector<double> shares);

  // The network to read for, of those that have a round waiting (by number): the one
  // that has had least time for its share, the first one of equals. None if no one
  // waits.
  std::optional<size_t> next(const std::vector<bool>& waiting);

  // Network `network` used the disks for so long.
  void charge(size_t network, double seconds);

 private:
  struct Network {
    double share = 1;
    double pass = 0;  // seconds / share
    bool waited = false;
  };
  std::vector<Network> networks_;
  double now_ = 0;  // the least pass of those that wait
};

}  // namespace quarry::mining
