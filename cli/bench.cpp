// quarry bench: how fast is each device here, and against what?
#include "bench/suite.h"
#include "bench/tune.h"
#include "cli/command.h"
#include "cli/session.h"

namespace quarry::cli {
namespace {

constexpr Flag kFlags[] = {
    {"tune", FlagKind::kSwitch, "", "finds the fastest plot kernel of each GPU, and keeps it"},
    {"seconds", FlagKind::kValue, "S", "length of each measurement, about; default: 4"},
    {"rounds", FlagKind::kValue, "N", "samples of each, of which the median counts; default: 5"},
    {"folder", FlagKind::kValue, "DIR", "where plot/file writes; default: the current folder"},
};

Result<bench::Options> read_options(const Arguments& arguments) {
  bench::Options options;
  if (arguments.positional().size() > 1)
    return arguments.usage_error("give one FILTER, such as plot or scan/memory");
  if (!arguments.positional().empty()) options.filter = arguments.positional()[0];
  QUARRY_ASSIGN(options.device_options, device_options(arguments));
  if (arguments.has("device")) {
    QUARRY_ASSIGN(options.devices,
                  parse_device_list(arguments.text("device"), options.device_options));
  }
  QUARRY_ASSIGN(options.seconds, arguments.real("seconds", 0.01, 3600, options.seconds));
  QUARRY_ASSIGN(const uint64_t rounds, arguments.number("rounds", options.rounds));
  if (rounds == 0 || rounds > 1000)
    return arguments.usage_error("--rounds: give a number from 1 to 1000");
  options.rounds = static_cast<uint32_t>(rounds);
  options.folder = arguments.text("folder", options.folder);
  return options;
}

std::string value_text(const bench::Measurement& measurement) {
  if (measurement.value >= 1e6) return format_real(measurement.value / 1e6, 2) + " M";
  return format_real(measurement.value, 1) + "  ";
}

// All devices with multiprocessors, or those that were named.
Result<std::vector<std::unique_ptr<Device>>> gpus(const bench::Options& options) {
  std::vector<std::string> ids = options.devices;
  if (ids.empty())
    for (const DeviceInfo& info : list_devices(options.device_options)) ids.push_back(info.id);
  std::vector<std::unique_ptr<Device>> devices;
  for (const std::string& id : ids) {
    QUARRY_ASSIGN(std::unique_ptr<Device> device, open_device(id, options.device_options));
    if (device->info().multiprocessors > 0) devices.push_back(std::move(device));
  }
  if (devices.empty())
    return Status(Code::kNotFound, "no GPU to tune; quarry devices lists what there is");
  return devices;
}

Result<int> tune(const Arguments& arguments, const bench::Options& options, Session& session) {
  bench::TuneOptions how;
  if (arguments.has("seconds")) how.seconds = options.seconds;
  if (arguments.has("rounds")) how.rounds = options.rounds;
  QUARRY_ASSIGN(const auto devices, gpus(options));
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows = {
      {"MEASUREMENT", "DEVICE", "KERNEL", "NONCES/S", "TO PLAIN"}};
  for (const auto& device : devices) {
    const std::string id = device->info().id;
    const std::string task = "tune " + id;
    const auto tried = [&](size_t done, size_t total, const PlotKernel&) {
      ProgressReport report;
      report.task = task;
      report.unit = "measurements";
      report.done = done;
      report.total = total;
      session.progress().report(report);
    };
    QUARRY_ASSIGN(const auto found, bench::tune_plotting(*device, how, session.cancel(), tried));
    QUARRY_TRY(keep_tuning(device->info(), found.front().kernel, found.front().nonces_per_second,
                           tuning_folder()));
    for (const bench::TunedKernel& tuned : found) {
      list.push_back({{"name", "plot/kernel"},
                      {"device", id},
                      {"value", tuned.nonces_per_second},
                      {"unit", "nonces/s"},
                      {"ratio_to_reference", tuned.ratio_to_plain},
                      {"kernel", tuned.kernel.describe()},
                      {"kept", &tuned == &found.front()}});
      rows.push_back({"plot/kernel", id, tuned.kernel.describe(),
                      format_real(tuned.nonces_per_second, 1),
                      format_real(tuned.ratio_to_plain, 2) + "x"});
    }
  }
  session.print({{"results", list}},
                format_table(rows, {3, 4}) + "The first one of each device is kept.\n");
  return kExitDone;
}

Result<int> run(const Arguments& arguments, Session& session) {
  QUARRY_ASSIGN(const bench::Options options, read_options(arguments));
  if (arguments.is_on("tune")) {
    if (!options.filter.empty() && options.filter != "plot")
      return arguments.usage_error("--tune goes with plot alone");
    return tune(arguments, options, session);
  }
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows = {
      {"MEASUREMENT", "DEVICE", "VALUE", "UNIT", "TO REFERENCE"}};
  const Status status = bench::run_suite(options, session.cancel(), [&](const auto& found) {
    session.progress().notice(found.name + " " + found.device + ": " + value_text(found) +
                              found.unit);
    Json result = {{"name", found.name},
                   {"device", found.device},
                   {"value", found.value},
                   {"unit", found.unit},
                   {"ratio_to_reference", found.ratio_to_reference}};
    if (!found.kernel.empty()) result["kernel"] = found.kernel;
    list.push_back(std::move(result));
    rows.push_back({found.name, found.device, value_text(found), found.unit,
                    format_real(found.ratio_to_reference, 2) + "x"});
  });
  QUARRY_TRY(status);
  session.print({{"results", list}}, format_table(rows, {2, 4}));
  return kExitDone;
}

}  // namespace

const Command kBenchCommand = {"bench",    "measures kernels and pipelines on each device",
                               "[FILTER]", DeviceUse::kUses,
                               kFlags,     run};

}  // namespace quarry::cli
