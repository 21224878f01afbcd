// What long work reports while it runs. A Progress may be called from several
// threads. The command line shows it as a bar, or as JSON lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quarry {

// One moving part of the work: a device or a disk.
struct ProgressPart {
  std::string name;  // "cuda:0", "/mnt/disk1"
  double units_per_second = 0;
  std::string note;  // "" or one or two words: "retired", "waiting"
};

struct ProgressReport {
  std::string_view task;  // "plot", "verify", ...
  std::string_view unit;  // "nonces"
  uint64_t done = 0;
  uint64_t total = 0;           // 0: not known
  uint64_t bytes_per_unit = 0;  // to show MB/s; 0: do not
  std::vector<ProgressPart> parts;
};

class Progress {
 public:
  virtual ~Progress() = default;
  virtual void report(const ProgressReport& report) = 0;

  // Something the user should know now: a device was retired, a file resumed.
  virtual void notice(std::string_view message) = 0;
};

// Shows nothing.
Progress& silent_progress();

}  // namespace quarry
