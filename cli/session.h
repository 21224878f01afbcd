// One run of a command: where its results and its progress go, and how it is
// stopped.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "cli/arguments.h"
#include "cli/live_lines.h"
#include "host/cancel.h"
#include "host/device.h"
#include "host/progress.h"
#include "plotter/device_care.h"

namespace quarry::cli {

// Fields keep the order in which they are put in.
using Json = nlohmann::ordered_json;

class Session {
 public:
  // `json`: results are JSON on stdout, progress is JSON lines on stderr.
  // `quiet`: no progress and no notices.
  Session(bool json, bool quiet);
  ~Session();

  bool json() const { return json_; }
  Progress& progress() { return *progress_; }

  // Where a terminal shows how things stand; null elsewhere, and with `json` or
  // `quiet`.
  LiveLines* live_lines() { return live_lines_.get(); }

  // Set by the first SIGINT, SIGTERM or SIGHUP; the second one kills.
  const Cancel& cancel() const;

  // The result: `object` with --json, else `text`. Once per run.
  void print(const Json& object, const std::string& text);

  // One line of a stream of results, at once: `object` with --json, else `text`,
  // which may be empty. Any number of them, and no print() then.
  void print_line(const Json& object, const std::string& text);

  // A failure that does not end the command, on stderr.
  void warn(const Status& status);

  // The failure that ends the command: one sentence on stderr, and with --json
  // {"error":{"code","message"}} on stdout unless a result was printed.
  void fail(const Status& status);

 private:
  const bool json_;
  bool printed_ = false;
  std::unique_ptr<LiveLines> live_lines_;
  std::unique_ptr<Progress> progress_;  // may draw there
};

// Opens what --device and --threads say (default: all), self-tested. Devices
// that fail are warned of. For commands of DeviceUse::kLongHours GPUs run in
// processes of their own.
Result<std::vector<std::unique_ptr<Device>>> open_devices(const Arguments& arguments,
                                                          Session& session);

// How such a command treats its GPUs, from its flags.
Result<CareOptions> read_care(const Arguments& arguments);
Result<DeviceOptions> device_options(const Arguments& arguments);

// Ids, nonces and other numbers that may need all 64 bits are text in JSON:
// many readers keep numbers as doubles.
std::string json_u64(uint64_t value);

// Lines of columns, the first row being the header; columns in `right` (by
// index) are aligned right.
std::string format_table(const std::vector<std::vector<std::string>>& rows,
                         const std::vector<size_t>& right = {});

// "12.3 s", "5m 03s", "1h 02m".
std::string format_seconds(double seconds);

// `value` with `decimals` digits behind the point.
std::string format_real(double value, int decimals);

}  // namespace quarry::cli
