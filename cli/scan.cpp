// quarry scan: one mining round over plot files, without a network.
#include "plotter/scan.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/hex.h"
#include "base/units.h"
#include "chainlite/signum/address.h"
#include "cli/command.h"
#include "cli/session.h"
#include "plotter/scan_devices.h"

namespace quarry::cli {
namespace {

constexpr Flag kFlags[] = {
    {"plots", FlagKind::kList, "PATH", "plot files, or folders of them"},
    {"gensig", FlagKind::kValue, "HEX", "generation signature of the round, 64 hex digits"},
    {"height", FlagKind::kValue, "N", "height of the block to be forged"},
    {"base-target", FlagKind::kValue, "N", "base target of the round"},
};

Result<Round> read_round(const Arguments& arguments) {
  Round round;
  QUARRY_TRY(arguments.require("gensig"));
  auto signature = parse_hex(arguments.text("gensig"));
  if (!signature.ok() || signature->size() != round.generation_signature.size())
    return arguments.usage_error("--gensig: \"" + arguments.text("gensig") +
                                 "\" is not 64 hex digits");
  std::copy(signature->begin(), signature->end(), round.generation_signature.begin());
  QUARRY_ASSIGN(round.height, arguments.number("height"));
  QUARRY_ASSIGN(round.base_target, arguments.number("base-target"));
  if (round.base_target == 0) return arguments.usage_error("--base-target: 0 is no base target");
  return round;
}

Json best_json(const std::vector<Deadline>& best) {
  Json list = Json::array();
  for (const Deadline& deadline : best)
    list.push_back({{"id", json_u64(deadline.account_id)},
                    {"nonce", json_u64(deadline.nonce)},
                    {"hit", json_u64(deadline.hit)},
                    {"deadline", json_u64(deadline.deadline)},
                    {"file", deadline.file}});
  return list;
}

std::string report_text(const ScanReport& report) {
  std::string text = "scoop " + std::to_string(report.scoop) + ": " +
                     std::to_string(report.nonces) + " nonces, " + format_bytes(report.bytes) +
                     " in " + format_seconds(report.seconds) + "\n";
  std::vector<std::vector<std::string>> rows = {{"ACCOUNT", "DEADLINE (s)", "NONCE", "FILE"}};
  for (const Deadline& deadline : report.best)
    rows.push_back({signum::format_address(deadline.account_id), std::to_string(deadline.deadline),
                    std::to_string(deadline.nonce), deadline.file});
  return text + format_table(rows, {1, 2});
}

Result<int> run(const Arguments& arguments, Session& session) {
  QUARRY_TRY(arguments.require("plots"));
  QUARRY_ASSIGN(const Round round, read_round(arguments));
  QUARRY_ASSIGN(auto devices, open_devices(arguments, session));
  keep_fast_scanners(devices, [](std::string_view text) { spdlog::info("{}", text); });
  QUARRY_ASSIGN(const ScanReport report,
                scan_plots(round, arguments.list("plots"), devices, posix_file_system(),
                           session.progress(), session.cancel()));
  for (const Status& device : report.retired_devices) session.warn(device);
  Json errors = Json::array();
  int code = kExitDone;
  for (const Status& error : report.file_errors) {
    session.warn(error);
    errors.push_back({{"code", code_name(error.code())}, {"message", error.message()}});
    if (code != kExitCorrupt) code = exit_code(error.code());
  }
  session.print({{"scoop", report.scoop},
                 {"nonces", report.nonces},
                 {"seconds", report.seconds},
                 {"bytes", report.bytes},
                 {"best", best_json(report.best)},
                 {"file_errors", errors}},
                report_text(report));
  return code;
}

}  // namespace

const Command kScanCommand = {"scan", "finds the best deadlines of one round, without a network",
                              "",     DeviceUse::kUses,
                              kFlags, run};

}  // namespace quarry::cli
