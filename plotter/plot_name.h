// Names of plot files.
//
//   PoC2            <id>_<start>_<nonces>
//   PoC1            <id>_<start>_<nonces>_<stagger>
// all unsigned decimal numbers; no sign, no leading zeros, no extension.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace quarry {

struct PlotName {
  uint64_t account_id = 0;
  uint64_t start = 0;
  uint64_t nonces = 0;
  uint64_t stagger = 0;  // 0: PoC2; else PoC1, nonces is a multiple of it

  bool is_poc1() const { return stagger != 0; }
  uint64_t size_bytes() const;  // exact size of the file
  bool operator==(const PlotName&) const = default;
};

// Parses the last component of a path. kInvalidArgument says which field is
// wrong. Nonce ranges that pass 2^64, zero nonces, a file size over 2^63 - 1, and
// a stagger that does not divide the nonces are refused.
Result<PlotName> parse_plot_name(std::string_view file_name);

std::string format_plot_name(const PlotName& name);

}  // namespace quarry
