// How the command line shows long work: a bar on a terminal, a line now and
// then elsewhere, JSON lines for programs. All on stderr.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "cli/live_lines.h"
#include "host/progress.h"

namespace quarry::cli {

// Rate of a counter over the last half minute. Not for several threads.
class RateMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Counters that go back (a redone pool) start the window anew.
  void add(Time now, uint64_t done);
  double per_second() const;  // 0 until something is known

 private:
  struct Sample {
    Time time;
    uint64_t done;
  };
  std::deque<Sample> samples_;
};

// The lines of a bar, each at most `width` columns, without line ends.
std::vector<std::string> bar_lines(const ProgressReport& report, double units_per_second,
                                   size_t width, bool color);

// One line for a log.
std::string progress_line(const ProgressReport& report, double units_per_second);

// {"event":"progress",...}
std::string progress_json(const ProgressReport& report, double units_per_second);

// What suits stderr: a bar in `lines` on a terminal, which outlive it; else (null) a
// line every ten seconds; with `json`, JSON lines.
std::unique_ptr<Progress> make_progress(bool json, LiveLines* lines);

// Says nothing.
class QuietProgress : public Progress {
 public:
  void report(const ProgressReport&) override {}
  void notice(std::string_view) override {}
};

}  // namespace quarry::cli
