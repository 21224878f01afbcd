#include "plotter/scan.h"

#include "host/clock.h"
#include "plotter/part_progress.h"
#include "plotter/plot_scanner.h"
#include "plotter/poc2.h"

namespace quarry {
namespace {

Status no_plots(const std::vector<std::string>& paths, const std::vector<Status>& problems) {
  std::string message = "no plot files in";
  for (const std::string& path : paths) message += " " + path;
  if (!problems.empty()) message += "; " + problems[0].message();
  return {Code::kNotFound, message};
}

ProgressReport describe(std::span<const ScanDisk> disks) {
  ProgressReport report;
  report.task = "scan";
  report.unit = "nonces";
  report.bytes_per_unit = kScoopBytes;
  for (const ScanDisk& disk : disks) {
    report.parts.push_back({.name = disk.name, .note = ""});
    report.total += disk.nonces;
  }
  return report;
}

}  // namespace

Result<ScanReport> scan_plots(const Round& round, const std::vector<std::string>& paths,
                              std::span<const std::unique_ptr<Device>> devices, FileSystem& files,
                              Progress& progress, const Cancel& cancel) {
  QUARRY_ASSIGN(const auto scanner, PlotScanner::open(paths, devices, files, real_clock()));
  std::vector<Status> problems = scanner->refresh();
  std::vector<ScanDisk> before = scanner->disks();
  PartProgress meter(progress, describe(before));
  ScanEvents events;
  events.progress = [&] {
    const std::vector<ScanDisk> now = scanner->disks();
    for (size_t i = 0; i < now.size(); i++)
      meter.add(i, now[i].nonces_scanned - before[i].nonces_scanned);
    before = now;
  };
  QUARRY_ASSIGN(ScanReport report, scanner->scan(round, events, cancel));
  if (before.empty()) return no_plots(paths, problems);
  for (const Status& failure : report.retired_devices) progress.notice(failure.message());
  meter.finish();
  report.file_errors.insert(report.file_errors.begin(), problems.begin(), problems.end());
  return report;
}

}  // namespace quarry
