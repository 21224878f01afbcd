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

struct Discovery {
  std::vector<PlotFile> plots;   // name parses and size is exact, sorted by path
  std::vector<Status> problems;  // a named file that is not a plot, or a plot of the wrong size
};

// Plots among `paths`: each a file or a folder (not its sub-folders). In
// folders, files whose names are not plot names, unfinished ".plotting" files
// and journals are passed over in silence; a plot name with a wrong size is a problem.
// The same file reached twice counts once.
Discovery discover_plots(const std::vector<std::string>& paths, FileSystem& files);

}  // namespace quarry
