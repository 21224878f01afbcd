// quarry devices: what can compute here, and does it compute right?
#include "base/units.h"
#include "cli/command.h"
#include "cli/session.h"
#include "plotter/self_test.h"

namespace quarry::cli {
namespace {

Result<int> run(const Arguments& arguments, Session& session) {
  QUARRY_ASSIGN(const DeviceOptions options, device_options(arguments));
  std::vector<std::string> ids;
  if (arguments.has("device")) {
    QUARRY_ASSIGN(ids, parse_device_list(arguments.text("device"), options));
  } else {
    for (const DeviceInfo& info : list_devices(options)) ids.push_back(info.id);
  }

  Json list = Json::array();
  std::vector<std::vector<std::string>> rows = {{"DEVICE", "NAME", "MEMORY", "SELF-TEST"}};
  bool all_passed = true;
  for (const std::string& id : ids) {
    QUARRY_TRY(session.cancel().status());
    auto device = open_device(id, options);
    if (!device.ok() && device.status().code() == Code::kNotFound) return device.status();
    const Status status = device.ok() ? self_test(**device) : device.status();
    DeviceInfo info;
    info.id = id;
    info.backend = id.substr(0, id.find(':'));
    if (device.ok()) info = (*device)->info();
    const std::string verdict = status.ok() ? "passed" : status.message();
    all_passed &= status.ok();
    list.push_back({{"id", info.id},
                    {"backend", info.backend},
                    {"name", info.name},
                    {"memory_bytes", info.memory_bytes},
                    {"self_test", verdict}});
    rows.push_back({info.id, info.name, format_bytes(info.memory_bytes), verdict});
  }
  session.print({{"devices", list}}, format_table(rows, {2}));
  return all_passed ? kExitDone : kExitFailed;
}

}  // namespace

const Command kDevicesCommand = {
    "devices", "lists CPUs and GPUs and tests that they compute correctly", "", true, {}, run};

}  // namespace quarry::cli
