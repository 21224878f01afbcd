// What a subcommand is: its name, its flags, and the function that runs it.
#pragma once

#include <span>
#include <string_view>

#include "base/status.h"

namespace quarry::cli {

class Arguments;
class Session;

enum class FlagKind {
  kSwitch,  // --full
  kValue,   // --start N
  kList,    // --out DIR ..., repeatable, or several values behind one flag
};

struct Flag {
  std::string_view name;  // without the dashes; also the key in the configuration file
  FlagKind kind = FlagKind::kSwitch;
  std::string_view value;  // how help calls the value: "N", "DIR"
  std::string_view help;
};

// Exit codes: the contract of every command.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitCorrupt = 3;
inline constexpr int kExitRefused = 4;
inline constexpr int kExitInterrupted = 130;

enum class DeviceUse {
  kNone,
  kUses,       // takes --device and --threads
  kLongHours,  // and the flags that say how GPUs are treated
};

struct Command {
  std::string_view name;
  std::string_view summary;     // one line of help
  std::string_view positional;  // "PATH ..." or ""
  DeviceUse devices = DeviceUse::kNone;
  std::span<const Flag> flags;  // besides the common ones

  // Returns the exit code once a result was printed; a failure becomes one
  // sentence on stderr and the exit code of its Code.
  Result<int> (*run)(const Arguments& arguments, Session& session);
};

// Every command of this build, in the order of help.
std::span<const Command* const> commands();

extern const Command kDevicesCommand;
extern const Command kBenchCommand;
extern const Command kPlotCommand;
extern const Command kVerifyCommand;
extern const Command kConvertCommand;
extern const Command kScanCommand;
extern const Command kMineCommand;
extern const Command kDevnetCommand;
extern const Command kPoolCommand;
extern const Command kWalletCommand;
extern const Command kChainCommand;
extern const Command kDemoCommand;

// Flags that every command takes, those that go with devices, and those of
// commands that keep GPUs at work for hours.
std::span<const Flag> common_flags();
std::span<const Flag> device_flags();
std::span<const Flag> care_flags();

// The flag of that name which `command` takes; null if it takes none such.
const Flag* find_flag(const Command& command, std::string_view name);

// Exit code of a failure.
int exit_code(Code code);

}  // namespace quarry::cli
