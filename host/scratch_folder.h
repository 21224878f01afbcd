// A folder that is gone, with all that is in it, when its owner is.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"

namespace quarry {

class ScratchFolder {
 public:
  // Makes a folder with a name of its own within `parent`. kNotFound, kPermission.
  static Result<std::unique_ptr<ScratchFolder>> make(const std::string& parent);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// $TMPDIR, or /tmp.
std::string temporary_folder();

}  // namespace quarry
