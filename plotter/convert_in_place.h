// PoC1 to PoC2 within one file.
#pragma once

#include "plotter/convert.h"

namespace quarry {

// The in-place part of convert_plot(): `name` is that of request.source, with
// stagger == nonces; `target` is the path that the file ends with.
Status convert_in_place(const ConvertRequest& request, const PlotName& name,
                        const std::string& target, FileSystem& files, Progress& progress,
                        const Cancel& cancel);

}  // namespace quarry
