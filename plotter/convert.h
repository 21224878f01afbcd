// PoC1 plots with any stagger to PoC2.
#pragma once

#include <string>

#include "base/status.h"
#include "host/cancel.h"
#include "host/file.h"
#include "host/progress.h"
#include "plotter/plot_name.h"

namespace quarry {

struct ConvertRequest {
  std::string source;         // a file with a 4-field name
  std::string folder;         // where the PoC2 file goes; empty: in place, beside the source
  uint64_t memory_bytes = 0;  // for buffers; 0: 256 MiB
};

struct ConvertReport {
  std::string path;  // of the PoC2 file
  uint64_t nonces = 0;
  uint64_t bytes = 0;
  double seconds = 0;
};

// To another folder: through NAME.plotting and its journal, as plotting does, so
// that either can go on with what the other left; the source stays.
//
// In place (stagger == nonces only: scoops keep their places, their second halves
// change them): SOURCE becomes SOURCE.converting, ranges of scoops exchange second
// halves with their mirrors, and the file gets its PoC2 name. SOURCE.swap beside it
// holds what is being overwritten, so that a stop at any moment loses nothing;
// it takes 32 MiB of space at most.
//
// The same call goes on after a stop. kInvalidArgument: not a PoC1 name, too
// little memory. kCorrupt: wrong size, or SOURCE.swap is not this file's.
// kUnsupported: in place with stagger < nonces. kNotFound, kExists, kNoSpace, kIo,
// kPermission, kCancelled (what was done is saved).
Result<ConvertReport> convert_plot(const ConvertRequest& request, FileSystem& files,
                                   Progress& progress, const Cancel& cancel);

}  // namespace quarry
