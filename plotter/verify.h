// Checks plot files against what their names promise, and repairs them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/cancel.h"
#include "host/device.h"
#include "host/file.h"
#include "host/progress.h"
#include "plotter/device_care.h"
#include "plotter/journal.h"
#include "plotter/plot_name.h"

namespace quarry {

struct VerifyRequest {
  std::vector<std::string> paths;  // files, or folders whose plot files are meant
  bool full = false;               // every nonce; else a sample
  uint64_t sample_nonces = 64;     // per file, spread over it
  bool repair = false;             // rewrite exactly the bad nonces that were found
};

struct VerifyFileReport {
  std::string path;
  uint64_t checked_nonces = 0;
  uint64_t bad_nonces = 0;           // before repair
  std::vector<NonceSpan> bad_spans;  // indices in the file, ascending
  uint64_t repaired_nonces = 0;
  Status status;  // why the file could not be checked: wrong size, wrong name, unreadable
};

// Checks files in parallel, all 4096 scoops of each nonce that is looked at.
// Works on PoC2 and on PoC1 (4-field) names. GPUs are treated as `care` says. kCancelled; kDevice.
// A file that is wrong is not a failure of the call: see the reports.
Result<std::vector<VerifyFileReport>> verify_plots(const VerifyRequest& request,
                                                   std::span<const std::unique_ptr<Device>> devices,
                                                   FileSystem& files, Progress& progress,
                                                   const Cancel& cancel,
                                                   const CareOptions& care = {});

}  // namespace quarry
