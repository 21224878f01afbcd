#include "cli/command.h"

namespace quarry::cli {
namespace {

const Command* const kCommands[] = {&kDevicesCommand, &kBenchCommand,   &kPlotCommand,
                                    &kVerifyCommand,  &kConvertCommand, &kScanCommand,
                                    &kMineCommand,    &kPoolCommand,    &kDevnetCommand,
                                    &kWalletCommand,  &kChainCommand,   &kDemoCommand};

constexpr Flag kCommonFlags[] = {
    {"json", FlagKind::kSwitch, "", "print one JSON object on stdout; progress as JSON on stderr"},
    {"quiet", FlagKind::kSwitch, "", "no progress and no notices, only the result and errors"},
    {"log-level", FlagKind::kValue, "LEVEL", "trace, debug, info, warn, error or off"},
    {"config", FlagKind::kValue, "FILE", "read this file instead of the user's quarry.toml"},
    {"help", FlagKind::kSwitch, "", "print this help"},
};

constexpr Flag kDeviceFlags[] = {
    {"device", FlagKind::kValue, "LIST",
     "devices, e.g. cpu,cuda:0 or cpu:avx2; all: the CPU and every GPU"},
    {"threads", FlagKind::kValue, "N", "worker threads of the CPU; default: one per core"},
};

constexpr Flag kCareFlags[] = {
    {"duty", FlagKind::kValue, "PERCENT", "share of the time in which GPUs work; default: 100"},
    {"temperature-limit", FlagKind::kValue, "C", "pause a GPU that is hotter, in degrees Celsius"},
    {"gpu-memory", FlagKind::kValue, "SIZE", "memory to take on each GPU; default: what is free"},
};

}  // namespace

std::span<const Command* const> commands() { return kCommands; }
std::span<const Flag> common_flags() { return kCommonFlags; }
std::span<const Flag> device_flags() { return kDeviceFlags; }
std::span<const Flag> care_flags() { return kCareFlags; }

const Flag* find_flag(const Command& command, std::string_view name) {
  for (const Flag& flag : command.flags)
    if (flag.name == name) return &flag;
  for (const Flag& flag : kCommonFlags)
    if (flag.name == name) return &flag;
  if (command.devices != DeviceUse::kNone)
    for (const Flag& flag : kDeviceFlags)
      if (flag.name == name) return &flag;
  if (command.devices == DeviceUse::kLongHours)
    for (const Flag& flag : kCareFlags)
      if (flag.name == name) return &flag;
  return nullptr;
}

int exit_code(Code code) {
  switch (code) {
    case Code::kOk: return kExitDone;
    case Code::kInvalidArgument: return kExitUsage;
    case Code::kCorrupt: return kExitCorrupt;
    case Code::kRefused: return kExitRefused;
    case Code::kCancelled: return kExitInterrupted;
    default: return kExitFailed;
  }
}

}  // namespace quarry::cli
