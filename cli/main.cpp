// quarry: one binary, one subcommand per file beside this one.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/session.h"
#include "host/isolated/device_server.h"

namespace quarry::cli {
namespace {

std::string overview() {
  std::vector<std::vector<std::string>> rows;
  for (const Command* command : commands())
    rows.push_back({"  " + std::string(command->name), std::string(command->summary)});
  return "Quarry " QUARRY_VERSION
         ": makes, checks and reads plots for mining, on every core and GPU.\n\n"
         "Usage: quarry COMMAND [flags]\n\n" +
         format_table(rows) +
         "\nquarry COMMAND --help tells about one of them, quarry --version the version.\n"
         "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 data found corrupt, 4 refused by the\n"
         "other side, 130 interrupted with state saved.\n";
}

Status set_log_level(const Arguments& arguments) {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("quarry"));
  spdlog::set_pattern("%Y-%m-%d %H:%M:%S.%e %l: %v");
  const std::string name = arguments.text("log-level", "warn");
  const auto level = spdlog::level::from_str(name);
  // from_str() answers "off" to what it does not know.
  if (level == spdlog::level::off && name != "off")
    return arguments.usage_error("--log-level: \"" + name +
                                 "\" is none of trace, debug, info, warn, error, off");
  spdlog::set_level(level);
  return {};
}

Result<int> run_command(const Command& command, const Arguments& arguments, Session& session) {
  QUARRY_TRY(set_log_level(arguments));
  if (!arguments.config_file().empty())
    spdlog::debug("read the configuration file {}", arguments.config_file());
  return command.run(arguments, session);
}

int dispatch(const std::vector<std::string>& words) {
  // Known before parsing, so that usage errors come in the form asked for.
  const bool json = std::find(words.begin(), words.end(), "--json") != words.end();
  const auto usage = [json](const std::string& message) {
    Session(json, true).fail({Code::kInvalidArgument, message});
    return kExitUsage;
  };
  if (words.empty()) {
    std::fputs(overview().c_str(), stderr);
    return kExitUsage;
  }
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    std::fputs(overview().c_str(), stdout);
    return kExitDone;
  }
  if (words[0] == "--version") {
    std::puts("quarry " QUARRY_VERSION);
    return kExitDone;
  }
  if (words[0] == kDeviceServerCommand) serve_device(kDeviceServerSocket);
  const auto all = commands();
  const auto found = std::find_if(
      all.begin(), all.end(), [&](const Command* command) { return command->name == words[0]; });
  if (found == all.end())
    return usage("no command \"" + words[0] + "\"; quarry --help lists those that exist");

  const Command& command = **found;
  auto arguments = Arguments::parse(command, {words.begin() + 1, words.end()});
  if (!arguments.ok()) {
    Session(json, true).fail(arguments.status());
    return exit_code(arguments.status().code());
  }
  if (arguments->help()) {
    std::fputs(command_help(command).c_str(), stdout);
    return kExitDone;
  }
  Session session(arguments->is_on("json"), arguments->is_on("quiet"));
  const Result<int> code = run_command(command, *arguments, session);
  if (code.ok()) return *code;
  session.fail(code.status());
  return exit_code(code.status().code());
}

}  // namespace
}  // namespace quarry::cli

int main(int argc, char** argv) {
  const int code = quarry::cli::dispatch({argv + 1, argv + argc});
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  const quarry::Status status = quarry::errno_status(errno, "write the result to", "stdout");
  std::fprintf(stderr, "quarry: %s\n", status.message().c_str());
  return code == quarry::cli::kExitDone ? quarry::cli::kExitFailed : code;
}
