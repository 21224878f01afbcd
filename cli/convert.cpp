// quarry convert: PoC1 plots to PoC2.
#include "plotter/convert.h"

#include "base/units.h"
#include "cli/command.h"
#include "cli/session.h"

namespace quarry::cli {
namespace {

constexpr Flag kFlags[] = {
    {"out", FlagKind::kValue, "DIR", "folder for the PoC2 file; the source stays"},
    {"in-place", FlagKind::kSwitch, "", "change the file itself (stagger equal to nonces only)"},
    {"memory", FlagKind::kValue, "SIZE", "memory for buffers; default: 256MiB"},
};

Result<int> run(const Arguments& arguments, Session& session) {
  ConvertRequest request;
  if (arguments.positional().size() != 1) return arguments.usage_error("name one PoC1 plot file");
  request.source = arguments.positional()[0];
  if (arguments.has("out") == arguments.is_on("in-place"))
    return arguments.usage_error("give --out DIR, or --in-place to change the file itself");
  request.folder = arguments.text("out");
  QUARRY_ASSIGN(request.memory_bytes, arguments.size("memory", 0));
  auto report = convert_plot(request, posix_file_system(), session.progress(), session.cancel());
  if (report.status().code() == Code::kCancelled)
    return Status(Code::kCancelled,
                  "stopped, and saved what is converted; the same command goes on from there");
  QUARRY_TRY(report.status());
  const Json file = {{"path", report->path},
                     {"nonces", report->nonces},
                     {"bytes", report->bytes},
                     {"seconds", report->seconds}};
  session.print({{"files", Json::array({file})}},
                report->path + ": " + std::to_string(report->nonces) + " nonces, " +
                    format_bytes(report->bytes) + " in " + format_seconds(report->seconds) + "\n");
  return kExitDone;
}

}  // namespace

const Command kConvertCommand = {"convert", "turns PoC1 plots, with any stagger, into PoC2",
                                 "PATH",    DeviceUse::kNone,
                                 kFlags,    run};

}  // namespace quarry::cli
