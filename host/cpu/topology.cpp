#include "host/cpu/topology.h"

#include <hwloc.h>
#include <sched.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>
#include <vector>

namespace quarry {
namespace {

// Usable hardware threads: first one of every core, then the second ones.
struct Topology {
  hwloc_topology_t handle = nullptr;
  std::vector<hwloc_obj_t> threads;
  std::string model;

  Topology() {
    if (hwloc_topology_init(&handle) != 0) {
      handle = nullptr;
      return;
    }
    if (hwloc_topology_load(handle) != 0) {
      hwloc_topology_destroy(handle);
      handle = nullptr;
      return;
    }
    std::vector<std::pair<unsigned, hwloc_obj_t>> ranked;
    const int count = hwloc_get_nbobjs_by_type(handle, HWLOC_OBJ_PU);
    hwloc_const_cpuset_t allowed = hwloc_topology_get_allowed_cpuset(handle);
    cpu_set_t mask;
    CPU_ZERO(&mask);
    const bool has_mask = sched_getaffinity(0, sizeof mask, &mask) == 0;
    for (int i = 0; i < count; i++) {
      hwloc_obj_t thread = hwloc_get_obj_by_type(handle, HWLOC_OBJ_PU, static_cast<unsigned>(i));
      if (!hwloc_bitmap_isset(allowed, thread->os_index)) continue;
      if (has_mask && thread->os_index < CPU_SETSIZE && !CPU_ISSET(thread->os_index, &mask))
        continue;
      ranked.emplace_back(thread->sibling_rank, thread);
    }
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [rank, thread] : ranked) threads.push_back(thread);
    hwloc_obj_t package = hwloc_get_obj_by_type(handle, HWLOC_OBJ_PACKAGE, 0);
    if (package != nullptr) {
      const char* name = hwloc_obj_get_info_by_name(package, "CPUModel");
      if (name != nullptr) model = name;
    }
  }
  ~Topology() {
    if (handle != nullptr) hwloc_topology_destroy(handle);
  }
  Topology(const Topology&) = delete;
  Topology& operator=(const Topology&) = delete;
};

const Topology& topology() {
  static const Topology instance;
  return instance;
}

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// CPUs of the cgroup's quota, rounded up; 0: no limit.
uint32_t cgroup_cpu_quota() {
  std::istringstream v2(first_line("/sys/fs/cgroup/cpu.max"));
  std::string quota;
  uint64_t period = 0;
  if (v2 >> quota >> period && quota != "max" && period > 0)
    return static_cast<uint32_t>((std::strtoull(quota.c_str(), nullptr, 10) + period - 1) / period);
  return 0;
}

uint64_t meminfo_bytes(std::string_view field) {
  std::ifstream file("/proc/meminfo");
  std::string line;
  while (std::getline(file, line))
    if (line.starts_with(field))
      return std::strtoull(line.c_str() + field.size(), nullptr, 10) * 1024;
  return 0;
}

uint64_t cgroup_memory_limit() {
  const std::string text = first_line("/sys/fs/cgroup/memory.max");
  if (text.empty() || text == "max") return UINT64_MAX;
  return std::strtoull(text.c_str(), nullptr, 10);
}

uint64_t cgroup_memory_used() {
  return std::strtoull(first_line("/sys/fs/cgroup/memory.current").c_str(), nullptr, 10);
}

}  // namespace

uint32_t usable_cpu_count() {
  auto count = static_cast<uint32_t>(topology().threads.size());
  if (const uint32_t quota = cgroup_cpu_quota(); quota > 0) count = std::min(count, quota);
  return std::max(count, 1u);
}

std::string cpu_model_name() {
  if (!topology().model.empty()) return topology().model;
#if defined(__x86_64__)
  return "x86-64 processor";
#elif defined(__aarch64__)
  return "AArch64 processor";
#else
  return "processor";
#endif
}

Status pin_this_thread(uint32_t index) {
  const Topology& t = topology();
  if (t.handle == nullptr || t.threads.empty())
    return {Code::kUnsupported, "cannot pin threads: hwloc found no processors"};
  hwloc_obj_t thread = t.threads[index % t.threads.size()];
  if (hwloc_set_cpubind(t.handle, thread->cpuset, HWLOC_CPUBIND_THREAD) != 0)
    return {Code::kUnsupported, "cannot pin a thread to processor " +
                                    std::to_string(thread->os_index) + ": the system refused"};
  return {};
}

void interleave_over_nodes(std::span<std::byte> memory) {
  const Topology& t = topology();
  if (t.handle == nullptr || hwloc_get_nbobjs_by_type(t.handle, HWLOC_OBJ_NUMANODE) < 2) return;
  // A hint: where the system refuses, first touch decides as it would anyway.
  (void)hwloc_set_area_membind(t.handle, memory.data(), memory.size(),
                               hwloc_topology_get_topology_nodeset(t.handle),
                               HWLOC_MEMBIND_INTERLEAVE, HWLOC_MEMBIND_BYNODESET);
}

uint64_t host_memory_bytes() { return std::min(meminfo_bytes("MemTotal:"), cgroup_memory_limit()); }

uint64_t available_memory_bytes() {
  const uint64_t system = meminfo_bytes("MemAvailable:");
  const uint64_t limit = cgroup_memory_limit();
  if (limit == UINT64_MAX) return system;
  const uint64_t used = cgroup_memory_used();
  return std::min(system, limit > used ? limit - used : 0);
}

}  // namespace quarry
