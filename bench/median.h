// The middle one: what a measurement on a shared machine is worth.
#pragma once

#include <algorithm>
#include <vector>

namespace quarry::bench {

// `values` must not be empty.
inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace quarry::bench
