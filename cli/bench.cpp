// quarry bench: how fast is each device here, and against what?
#include "bench/suite.h"
#include "cli/command.h"
#include "cli/session.h"

namespace quarry::cli {
namespace {

constexpr Flag kFlags[] = {
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

Result<int> run(const Arguments& arguments, Session& session) {
  QUARRY_ASSIGN(const bench::Options options, read_options(arguments));
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows = {
      {"MEASUREMENT", "DEVICE", "VALUE", "UNIT", "TO REFERENCE"}};
  const Status status = bench::run_suite(options, session.cancel(), [&](const auto& found) {
    session.progress().notice(found.name + " " + found.device + ": " + value_text(found) +
                              found.unit);
    list.push_back({{"name", found.name},
                    {"device", found.device},
                    {"value", found.value},
                    {"unit", found.unit},
                    {"ratio_to_reference", found.ratio_to_reference}});
    rows.push_back({found.name, found.device, value_text(found), found.unit,
                    format_real(found.ratio_to_reference, 2) + "x"});
  });
  QUARRY_TRY(status);
  session.print({{"results", list}}, format_table(rows, {2, 4}));
  return kExitDone;
}

}  // namespace

const Command kBenchCommand = {
    "bench", "measures kernels and pipelines on each device", "[FILTER]", true, kFlags, run};

}  // namespace quarry::cli
