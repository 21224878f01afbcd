// quarry plot: makes plot files, or goes on with unfinished ones.
#include "plotter/plot.h"

#include <spdlog/spdlog.h>

#include "base/units.h"
#include "cli/command.h"
#include "cli/session.h"

namespace quarry::cli {
namespace {

constexpr Flag kFlags[] = {
    {"id", FlagKind::kValue, "ID", "account: a number or a Reed-Solomon address"},
    {"start", FlagKind::kValue, "N", "first nonce"},
    {"nonces", FlagKind::kValue, "N", "nonces to plot, 256 KiB each, all folders together"},
    {"out", FlagKind::kList, "DIR", "folder for the plot; several share the nonces"},
    {"fill", FlagKind::kSwitch, "", "as many nonces as the free space of each folder holds"},
    {"memory", FlagKind::kValue, "SIZE", "memory for nonces, e.g. 8GiB; default: half of the free"},
    {"no-direct", FlagKind::kSwitch, "", "write through the page cache"},
    {"verify", FlagKind::kValue, "PERCENT",
     "of the nonces, computed again by the CPU on top of 16 "
     "of each pool"},
};

Result<PlotRequest> read_request(const Arguments& arguments) {
  PlotRequest request;
  QUARRY_ASSIGN(request.account_id, arguments.account("id"));
  QUARRY_ASSIGN(request.start, arguments.number("start"));
  request.fill = arguments.is_on("fill");
  if (request.fill && arguments.has("nonces"))
    return arguments.usage_error("give --nonces or --fill, not both");
  if (!request.fill) {
    QUARRY_ASSIGN(request.nonces, arguments.number("nonces"));
    if (request.nonces == 0) return arguments.usage_error("--nonces: at least 1 is needed");
  }
  QUARRY_TRY(arguments.require("out"));
  request.folders = arguments.list("out");
  QUARRY_ASSIGN(request.memory_bytes, arguments.size("memory", 0));
  request.direct = !arguments.is_on("no-direct");
  QUARRY_ASSIGN(request.verify_percent, arguments.real("verify", 0, 100, 0));
  return request;
}

Json file_json(const PlotFileReport& file) {
  return {{"path", file.path},
          {"nonces", file.nonces},
          {"bytes", file.bytes},
          {"seconds", file.seconds},
          {"nonces_per_second", file.nonces_per_second},
          {"resumed", file.resumed}};
}

Result<int> run(const Arguments& arguments, Session& session) {
  QUARRY_ASSIGN(const PlotRequest request, read_request(arguments));
  QUARRY_ASSIGN(const CareOptions care, read_care(arguments));
  FileSystem& files = posix_file_system();
  QUARRY_ASSIGN(const PlotPlan plan, plan_plot(request, files));
  QUARRY_ASSIGN(const auto devices, open_devices(arguments, session));
  spdlog::info("{} files, {} pools of {} nonces", plan.targets.size(), plan.pool_count,
               plan.pool_nonces);
  for (const std::string& notice : plan.notices) session.progress().notice(notice);
  auto report = run_plot(plan, devices, files, session.progress(), session.cancel(), care);
  if (report.status().code() == Code::kCancelled)
    return Status(Code::kCancelled,
                  "stopped, and saved what is plotted; the same command goes on from there");
  QUARRY_TRY(report.status());

  Json list = Json::array();
  std::string text;
  for (const PlotFileReport& file : report->files) {
    list.push_back(file_json(file));
    text += file.path + ": " + std::to_string(file.nonces) + " nonces, " +
            format_bytes(file.bytes) + " in " + format_seconds(file.seconds) + ", " +
            format_real(file.nonces_per_second, 1) + " nonces/s" +
            (file.resumed ? " (continued)" : "") + "\n";
  }
  Json retired = Json::array();
  for (const Status& device : report->retired_devices) {
    session.warn(device);
    retired.push_back(device.message());
  }
  session.print(
      {{"files", list}, {"retired_devices", retired}, {"redone_pools", report->redone_pools}},
      text);
  return kExitDone;
}

}  // namespace

const Command kPlotCommand = {"plot", "writes plot files; goes on with unfinished ones",
                              "",     DeviceUse::kLongHours,
                              kFlags, run};

}  // namespace quarry::cli
