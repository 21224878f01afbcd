#include "cli/session.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "base/units.h"
#include "cli/progress_bar.h"
#include "host/isolated/isolated_device.h"
#include "plotter/self_test.h"

namespace quarry::cli {
namespace {

Cancel& stop_request() {
  static Cancel cancel;
  return cancel;
}

// Cancel is a lock-free atomic, which a signal handler may set.
extern "C" void on_stop_signal(int signal) {
  if (stop_request().requested()) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  stop_request().request();
}

void catch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  // Also where a shell started us in the background with these ignored: a plot
  // that is told to stop saves its state.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  struct sigaction hangup {};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);  // nohup stays nohup
  // A reader that goes away must not kill a plot; print() notices.
  std::signal(SIGPIPE, SIG_IGN);
}

// A GPU in a process of its own: a driver that crashes or a kernel that hangs
// costs that process, not the run.
Result<std::unique_ptr<Device>> open_apart(std::string_view id, const DeviceOptions& options) {
  return id.starts_with("cpu") ? open_device(id, options) : open_isolated(id, options);
}

}  // namespace

Session::Session(bool json, bool quiet) : json_(json) {
  if (quiet) {
    progress_ = std::make_unique<QuietProgress>();
  } else {
    if (!json) live_lines_ = LiveLines::of_stderr();
    progress_ = make_progress(json, live_lines_.get());
  }
  catch_stop_signals();
}

Session::~Session() = default;

const Cancel& Session::cancel() const { return stop_request(); }

void Session::print(const Json& object, const std::string& text) {
  QUARRY_CHECK(!printed_);
  printed_ = true;
  progress_.reset();  // takes the bar away
  progress_ = std::make_unique<QuietProgress>();
  // File names may hold any bytes; JSON may not.
  const std::string line =
      json_ ? object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n" : text;
  std::fwrite(line.data(), 1, line.size(), stdout);
}

void Session::print_line(const Json& object, const std::string& text) {
  printed_ = true;
  const std::string line =
      json_ ? object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n" : text;
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

void Session::warn(const Status& status) { progress_->notice("quarry: " + status.message()); }

void Session::fail(const Status& status) {
  progress_ = std::make_unique<QuietProgress>();
  if (json_ && !printed_) {
    const Json error = {{"code", code_name(status.code())}, {"message", status.message()}};
    print(Json{{"error", error}}, "");
  }
  std::fprintf(stderr, "quarry: %s\n", status.message().c_str());
}

Result<DeviceOptions> device_options(const Arguments& arguments) {
  DeviceOptions options;
  QUARRY_ASSIGN(const uint64_t threads, arguments.number("threads", 0));
  if (arguments.has("threads") && (threads == 0 || threads > 4096))
    return arguments.usage_error("--threads: give a number from 1 to 4096");
  options.cpu_threads = static_cast<uint32_t>(threads);
  return options;
}

Result<CareOptions> read_care(const Arguments& arguments) {
  CareOptions care;
  QUARRY_ASSIGN(const DeviceOptions options, device_options(arguments));
  QUARRY_ASSIGN(const uint64_t duty, arguments.number("duty", 100));
  if (duty < 1 || duty > 100) return arguments.usage_error("--duty: give a number from 1 to 100");
  QUARRY_ASSIGN(const uint64_t limit, arguments.number("temperature-limit", 0));
  if (arguments.has("temperature-limit") && (limit < 40 || limit > 120))
    return arguments.usage_error("--temperature-limit: give degrees from 40 to 120");
  care.pace.duty_percent = static_cast<uint32_t>(duty);
  care.pace.temperature_limit_celsius = static_cast<uint32_t>(limit);
  QUARRY_ASSIGN(care.memory_bytes, arguments.size("gpu-memory", 0));
  care.reopen = [options](const std::string& id) -> Result<std::unique_ptr<Device>> {
    QUARRY_ASSIGN(std::unique_ptr<Device> device, open_apart(id, options));
    QUARRY_TRY(self_test(*device));
    return device;
  };
  return care;
}

Result<std::vector<std::unique_ptr<Device>>> open_devices(const Arguments& arguments,
                                                          Session& session) {
  QUARRY_ASSIGN(const DeviceOptions options, device_options(arguments));
  const OpenDevice open =
      arguments.command().devices == DeviceUse::kLongHours ? open_apart : open_device;
  QUARRY_ASSIGN(TestedDevices tested,
                open_tested_devices(arguments.text("device", "all"), options, open));
  for (const Status& failure : tested.failures) session.warn(failure);
  for (const auto& device : tested.devices) {
    const DeviceInfo& info = device->info();
    spdlog::debug("device {} ({}), {} queues: self-test passed", info.id, info.name, info.queues);
  }
  return std::move(tested.devices);
}

std::string json_u64(uint64_t value) { return std::to_string(value); }

std::string format_table(const std::vector<std::vector<std::string>>& rows,
                         const std::vector<size_t>& right) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); i++) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); i++) {
      const std::string space(widths[i] - row[i].size(), ' ');
      const bool to_right = std::find(right.begin(), right.end(), i) != right.end();
      line += (i > 0 ? "  " : "") + (to_right ? space + row[i] : row[i] + space);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string format_real(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string format_seconds(double seconds) {
  return seconds < 99.95 ? format_real(seconds, 1) + " s" : format_duration(seconds);
}

}  // namespace quarry::cli
