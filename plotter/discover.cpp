#include "plotter/discover.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string_view>

namespace quarry {
namespace {

std::string_view last_component(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 == 0
}

std::string join(const std::string& folder, const std::string& name) {
  return folder.ends_with('/') ? folder + name : folder + "/" + name;
}

// One key for all the ways to name a file.
std::string canonical(const std::string& path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
  return error ? std::filesystem::path(path).lexically_normal().string() : real.string();
}

class Finder {
 public:
  explicit Finder(FileSystem& files) : files_(files) {}

  void add_path(const std::string& path) {
    Result<FileInfo> info = files_.info(path);
    if (!info.ok()) {
      add({.path = path, .name = {}, .status = info.status()});
    } else if (info->is_directory) {
      add_folder(path);
    } else {
      Result<PlotName> name = parse_plot_name(last_component(path));
      if (name.ok())
        add_plot(path, *name, info->size_bytes);
      else
        add({.path = path,
             .name = {},
             .size_bytes = info->size_bytes,
             .status = name.status().with_context(path)});
    }
  }

  std::vector<PlotCandidate> take() {
    std::vector<PlotCandidate> sorted;
    for (auto& [key, candidate] : found_) sorted.push_back(std::move(candidate));
    std::sort(sorted.begin(), sorted.end(),
              [](const auto& a, const auto& b) { return a.path < b.path; });
    return sorted;
  }

 private:
  void add(PlotCandidate candidate) {
    found_.try_emplace(canonical(candidate.path), std::move(candidate));
  }

  void add_folder(const std::string& folder) {
    Result<std::vector<std::string>> names = files_.list(folder);
    if (!names.ok()) {
      add({.path = folder, .name = {}, .status = names.status()});
      return;
    }
    for (const std::string& file_name : *names) {
      Result<PlotName> name = parse_plot_name(file_name);
      if (!name.ok()) continue;
      const std::string path = join(folder, file_name);
      Result<FileInfo> info = files_.info(path);
      if (!info.ok())  // a broken link, or gone since the folder was read
        add({.path = path, .name = *name, .status = info.status()});
      else if (!info->is_directory)
        add_plot(path, *name, info->size_bytes);
    }
  }

  void add_plot(const std::string& path, const PlotName& name, uint64_t size_bytes) {
    Status status;
    const uint64_t expected = name.size_bytes();
    if (size_bytes < expected)
      status = Status(Code::kCorrupt, path + " is cut short: it has " + std::to_string(size_bytes) +
                                          " of " + std::to_string(expected) + " bytes, " +
                                          std::to_string(expected - size_bytes) + " are missing");
    else if (size_bytes > expected)
      status =
          Status(Code::kCorrupt, path + " does not fit its name: it has " +
                                     std::to_string(size_bytes - expected) + " bytes more than " +
                                     std::to_string(name.nonces) + " nonces");
    add({.path = path, .name = name, .size_bytes = size_bytes, .status = std::move(status)});
  }

  FileSystem& files_;
  std::map<std::string, PlotCandidate> found_;  // by canonical path
};

}  // namespace

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
}

std::vector<PlotCandidate> find_plot_candidates(const std::vector<std::string>& paths,
                                                FileSystem& files) {
  Finder finder(files);
  for (const std::string& path : paths) finder.add_path(path);
  return finder.take();
}

Discovery discover_plots(const std::vector<std::string>& paths, FileSystem& files) {
  Discovery discovery;
  for (PlotCandidate& candidate : find_plot_candidates(paths, files)) {
    if (candidate.status.ok())
      discovery.plots.push_back({std::move(candidate.path), candidate.name});
    else
      discovery.problems.push_back(std::move(candidate.status));
  }
  return discovery;
}

std::vector<PlotDisk> group_by_disk(const std::vector<std::string>& paths, FileSystem& files) {
  std::map<uint64_t, PlotDisk> disks;  // by device
  std::map<std::string, uint64_t> device_of;
  for (size_t i = 0; i < paths.size(); i++) {
    const std::string folder = folder_of(paths[i]);
    if (!device_of.contains(folder)) {
      // Folders of an unknown disk share a reader; reading will say what is wrong.
      const Result<SpaceInfo> space = files.space(folder);
      device_of[folder] = space.ok() ? space->device : 0;
    }
    const uint64_t device = device_of[folder];
    PlotDisk& disk = disks[device];
    if (disk.files.empty()) {
      disk.device = device;
      disk.name = folder;
    }
    disk.files.push_back(i);
  }
  std::vector<PlotDisk> list;
  for (auto& [device, disk] : disks) list.push_back(std::move(disk));
  return list;
}

}  // namespace quarry
