#include "bench/suite.h"

#include <algorithm>
#include <map>
#include <memory>

#include "bench/median.h"
#include "bench/pipelines.h"
#include "bench/probes.h"
#include "bench/samplers.h"
#include "host/scratch_folder.h"
#include "plotter/generator.h"
#include "plotter/poc2.h"

namespace quarry::bench {
namespace {

constexpr const char* kReferenceDevice = "cpu:scalar";

using Sample = std::function<Result<double>()>;

class Suite {
 public:
  Suite(const Options& options, const Cancel& cancel,
        const std::function<void(const Measurement&)>& found)
      : options_(options), cancel_(cancel), found_(found) {}

  Status run() {
    QUARRY_ASSIGN(reference_, open_device(kReferenceDevice, options_.device_options));
    if (wanted("plot/kernel")) QUARRY_TRY(plot_kernel());
    if (wanted("plot/nonces")) QUARRY_TRY(each_device("plot/nonces", "nonces/s", sample_plotting));
    if (wanted("plot/threads")) QUARRY_TRY(plot_threads());
    if (wanted("plot/file")) QUARRY_TRY(plot_file());
    if (wanted("scan/memory")) QUARRY_TRY(each_device("scan/memory", "scoops/s", sample_scanning));
    if (options_.filter.find("probe") != std::string::npos) QUARRY_TRY(probe_devices());
    if (matched_) return {};
    return {Code::kNotFound, "no measurement has \"" + options_.filter +
                                 "\" in its name; there are plot/kernel, plot/nonces, "
                                 "plot/threads, plot/file, scan/memory, probe/..."};
  }

 private:
  bool wanted(std::string_view name) {
    const bool fits = name.find(options_.filter) != name.npos;
    matched_ |= fits;
    return fits;
  }

  // Takes both in turns and reports the medians.
  Status compare(Measurement measurement, const Sample& sample, const Sample& reference) {
    std::vector<double> values, ratios;
    for (uint32_t round = 0; round < options_.rounds; round++) {
      QUARRY_TRY(cancel_.status());
      QUARRY_ASSIGN(const double value, sample());
      QUARRY_ASSIGN(const double other, reference());
      values.push_back(value);
      ratios.push_back(other > 0 ? value / other : 0);
    }
    measurement.value = median(values);
    measurement.ratio_to_reference = median(ratios);
    found_(measurement);
    return {};
  }

  Load load_of(Device& device, uint32_t threads, Time clock) const {
    return {&device, threads, clock, options_.seconds / (2 * options_.rounds)};
  }

  // CPUs with one thread and its CPU time; others whole, in wall time.
  Load whole_or_core(Device& device) const {
    if (device.info().backend == "cpu") return load_of(device, 1, Time::kThread);
    return load_of(device, device.info().queues, Time::kWall);
  }

  std::vector<std::string> device_ids() const {
    std::vector<std::string> ids = options_.devices;
    if (ids.empty())
      for (const DeviceInfo& info : list_devices(options_.device_options)) ids.push_back(info.id);
    return ids;
  }

  // GPUs: the kernel that plots there beside the plain one.
  Status plot_kernel() {
    for (const std::string& id : device_ids()) {
      QUARRY_ASSIGN(const auto device, open_device(id, options_.device_options));
      if (device->info().multiprocessors == 0) continue;
      const double seconds = options_.seconds / (2 * options_.rounds);
      const auto measure = [&](const PlotKernel& kernel) -> Result<double> {
        GeneratorOptions options;
        options.kernel = kernel;
        QUARRY_ASSIGN(const auto generator, NonceGenerator::open(*device, options));
        QUARRY_TRY(generator->measure(seconds / 4, cancel_).status());
        return generator->measure(seconds, cancel_);
      };
      const PlotKernel kernel = choose_plot_kernel(device->info());
      QUARRY_TRY(compare(
          {"plot/kernel", id, 0, "nonces/s", 0, kernel.describe()}, [&] { return measure(kernel); },
          [&] { return measure({}); }));
    }
    return {};
  }

  Status each_device(const char* name, const char* unit,
                     Result<double> (*sample)(const Load&, const Cancel&)) {
    for (const std::string& id : device_ids()) {
      QUARRY_ASSIGN(const auto device, open_device(id, options_.device_options));
      const Load load = whole_or_core(*device);
      const Load reference = whole_or_core(*reference_);
      QUARRY_TRY(compare(
          {name, device->info().id, 0, unit, 0, {}}, [&] { return sample(load, cancel_); },
          [&] { return sample(reference, cancel_); }));
    }
    return {};
  }

  Status probe_devices() {
    bool found = false;
    for (const std::string& id : device_ids()) {
      QUARRY_ASSIGN(const auto device, open_device(id, options_.device_options));
      if (device->info().backend != "cuda") continue;
      found = true;
      QUARRY_ASSIGN(const auto prober, Prober::open(*device, options_.seconds / 8));
      for (const Probe& probe : probes()) {
        if (!wanted(probe.name)) continue;
        QUARRY_TRY(compare(
            {probe.name, device->info().id, 0, probe.unit, 0, {}},
            [&] { return prober->sample(probe, cancel_); },
            [&] { return prober->sample(reference_of(probe), cancel_); }));
      }
    }
    if (found) return {};
    return {Code::kNotFound, "probes ask CUDA devices, and there is none among these"};
  }

  Status plot_threads() {
    QUARRY_ASSIGN(const auto device, open_device("cpu", options_.device_options));
    const Load all = load_of(*device, device->info().queues, Time::kWall);
    const Load one = load_of(*device, 1, Time::kWall);
    return compare(
        {"plot/threads", device->info().id, 0, "nonces/s", 0, {}},
        [&] { return sample_plotting(all, cancel_); },
        [&] { return sample_plotting(one, cancel_); });
  }

  Status plot_file() {
    QUARRY_ASSIGN(const auto folder, ScratchFolder::make(options_.folder));
    Devices devices;
    QUARRY_ASSIGN(devices.emplace_back(), open_device("cpu", options_.device_options));
    const Load kernel = load_of(*devices[0], devices[0]->info().queues, Time::kWall);
    QUARRY_ASSIGN(const double guess, sample_plotting(kernel, cancel_));
    const auto blocks = static_cast<uint64_t>(guess * options_.seconds / 2 / kNoncesPerBlock);
    const uint64_t nonces = std::clamp<uint64_t>(blocks, 1, 64) * kNoncesPerBlock;
    const auto slower_limit = [&]() -> Result<double> {
      QUARRY_ASSIGN(const double computed, sample_plotting(kernel, cancel_));
      QUARRY_ASSIGN(const double written,
                    sample_disk_write(folder->path(), nonces * kNonceBytes, cancel_));
      return std::min(computed, written / kNonceBytes);
    };
    return compare(
        {"plot/file", devices[0]->info().id, 0, "nonces/s", 0, {}},
        [&] { return sample_plot_file(folder->path(), nonces, devices, cancel_); }, slower_limit);
  }

  const Options& options_;
  const Cancel& cancel_;
  const std::function<void(const Measurement&)>& found_;
  std::unique_ptr<Device> reference_;
  bool matched_ = false;
};

}  // namespace

Status run_suite(const Options& options, const Cancel& cancel,
                 const std::function<void(const Measurement&)>& found) {
  return Suite(options, cancel, found).run();
}

}  // namespace quarry::bench
