// quarry devices: what can compute here, does it compute right, and how is it?
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "base/units.h"
#include "cli/command.h"
#include "cli/session.h"
#include "host/telemetry.h"
#include "plotter/poc2.h"
#include "plotter/self_test.h"

namespace quarry::cli {
namespace {

struct Found {
  DeviceInfo info;
  Telemetry telemetry;
  Status self_test;

  std::string verdict() const { return self_test.ok() ? "passed" : self_test.message(); }
};

// Opens and tests a device. Fails only if there is no such device.
Result<Found> look_at(const std::string& id, const DeviceOptions& options) {
  Found found;
  found.info.id = id;
  found.info.backend = id.substr(0, id.find(':'));
  auto device = open_device(id, options);
  if (!device.ok() && device.status().code() == Code::kNotFound) return device.status();
  found.self_test = device.ok() ? self_test(**device) : device.status();
  if (device.ok()) found.info = (*device)->info();
  if (found.info.backend == "cpu") return found;
  const auto sensors = Sensors::open(found.info.hardware);
  if (sensors.ok())
    found.telemetry = sensors->read();
  else
    spdlog::debug("device {}: {}", id, sensors.status().message());
  return found;
}

template <class T>
Json number_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json to_json(const Found& found) {
  return {{"id", found.info.id},
          {"backend", found.info.backend},
          {"name", found.info.name},
          {"memory_bytes", found.info.memory_bytes},
          {"temperature_celsius", number_or_null(found.telemetry.temperature_celsius)},
          {"power_watts", number_or_null(found.telemetry.power_watts)},
          {"pcie_generation", number_or_null(found.telemetry.pcie_generation)},
          {"pcie_width", number_or_null(found.telemetry.pcie_width)},
          {"self_test", found.verdict()}};
}

// A column of what sensors say is there only if one of them says it.
std::string to_table(const std::vector<Found>& devices) {
  struct Column {
    const char* header;
    std::string (*cell)(const Found& found);
    bool to_right;
    bool always;
  };
  static constexpr Column kColumns[] = {
      {"DEVICE", [](const Found& f) { return f.info.id; }, false, true},
      {"NAME", [](const Found& f) { return f.info.name; }, false, true},
      {"MEMORY", [](const Found& f) { return format_bytes(f.info.memory_bytes); }, true, true},
      {"TEMPERATURE",
       [](const Found& f) {
         const auto celsius = f.telemetry.temperature_celsius;
         return celsius ? std::to_string(*celsius) + " C" : "";
       },
       true, false},
      {"POWER",
       [](const Found& f) {
         const auto watts = f.telemetry.power_watts;
         return watts ? format_real(*watts, 0) + " W" : "";
       },
       true, false},
      {"LINK", [](const Found& f) { return link_text(f.telemetry); }, false, false},
      {"SELF-TEST", [](const Found& f) { return f.verdict(); }, false, true},
  };
  std::vector<std::vector<std::string>> rows(1 + devices.size());
  std::vector<size_t> right;
  for (const Column& column : kColumns) {
    std::vector<std::string> cells = {column.header};
    for (const Found& found : devices) cells.push_back(column.cell(found));
    const auto is_filled = [](const std::string& cell) { return !cell.empty(); };
    if (!column.always && std::none_of(cells.begin() + 1, cells.end(), is_filled)) continue;
    if (column.to_right) right.push_back(rows[0].size());
    for (size_t i = 0; i < rows.size(); i++) rows[i].push_back(std::move(cells[i]));
  }
  return format_table(rows, right);
}

Result<int> run(const Arguments& arguments, Session& session) {
  QUARRY_ASSIGN(const DeviceOptions options, device_options(arguments));
  std::vector<std::string> ids;
  if (arguments.has("device")) {
    QUARRY_ASSIGN(ids, parse_device_list(arguments.text("device"), options));
  } else {
    for (const DeviceInfo& info : list_devices(options)) ids.push_back(info.id);
  }

  Json list = Json::array();
  std::vector<Found> devices;
  std::set<std::string> warned;  // hardware; two backends may offer the same
  bool all_passed = true;
  for (const std::string& id : ids) {
    QUARRY_TRY(session.cancel().status());
    QUARRY_ASSIGN(Found found, look_at(id, options));
    all_passed &= found.self_test.ok();
    const std::string slow_link = link_warning(found.telemetry, "nonces", kNonceBytes);
    if (!slow_link.empty() && warned.insert(found.info.hardware).second)
      session.progress().notice(id + ": " + slow_link);
    list.push_back(to_json(found));
    devices.push_back(std::move(found));
  }
  session.print({{"devices", list}}, to_table(devices));
  return all_passed ? kExitDone : kExitFailed;
}

}  // namespace

const Command kDevicesCommand = {
    "devices", "lists CPUs and GPUs and tests that they compute correctly",
    "",        DeviceUse::kUses,
    {},        run};

}  // namespace quarry::cli
