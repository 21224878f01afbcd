// Finds plot files.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "host/file.h"
#include "plotter/plot_name.h"

namespace quarry {

struct PlotFile {
  std::string path;
  PlotName name;
};

// A file that should be a plot, by its name or because the user named it.
struct PlotCandidate {
  std::string path;
  PlotName name;            // if `status` is OK, or the size alone is wrong
  uint64_t size_bytes = 0;  // of the file as it is
  Status status;            // what is wrong with it
};

// Candidates among `paths`, sorted by path: each path is a file or a folder (not
// its sub-folders). In folders, files whose names are not plot names are passed
// over in silence, and so unfinished ".plotting" files and journals; a plot name
// with a wrong size is kCorrupt. A path that cannot be read is a candidate with
// the reason. The same file reached twice counts once.
std::vector<PlotCandidate> find_plot_candidates(const std::vector<std::string>& paths,
                                                FileSystem& files);

struct Discovery {
  std::vector<PlotFile> plots;   // name parses and size is exact, sorted by path
  std::vector<Status> problems;  // a named file that is not a plot, or a plot of the wrong size
};

// The candidates among `paths` that are plots, and what is wrong with the others.
Discovery discover_plots(const std::vector<std::string>& paths, FileSystem& files);

// The folder that a path is in; "." where it names none.
std::string folder_of(const std::string& path);

// Files of one disk.
struct PlotDisk {
  uint64_t device = 0;        // SpaceInfo's; 0: unknown
  std::string name;           // the folder of the first one
  std::vector<size_t> files;  // their numbers, ascending
};

// Puts together what is on the same disk, so that it has one reader.
std::vector<PlotDisk> group_by_disk(const std::vector<std::string>& paths, FileSystem& files);

}  // namespace quarry
