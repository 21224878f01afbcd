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
  std::string source;        // a file with a 4-field name
  std::string folder;        // where the PoC2 file goes; empty: in place, beside the source
  uint64_t memory_bytes = 0; // for buffers; 0: 256 MiB
};

struct ConvertReport {
  std::string path;  // of the PoC2 file
  uint64_t nonces = 0;
  uint64_t bytes = 0;
  double seconds = 0;
};

// To another folder: through NAME.plotting and a journal, resumable; the source
// stays. In place (stagger == nonces only: scoops keep their places, second
// halves change them): pairs of scoops are exchanged under a journal that holds
// what is being overwritten, so that a stop at any moment loses nothing; the
// file is renamed at the end.
// kInvalidArgument: not a PoC1 name. kCorrupt: wrong size. kUnsupported: in place
// with stagger < nonces. kExists, kNoSpace, kIo, kCancelled.
Result<ConvertReport> convert_plot(const ConvertRequest& request, FileSystem& files,
                                   Progress& progress, const Cancel& cancel);

}  // namespace quarry
