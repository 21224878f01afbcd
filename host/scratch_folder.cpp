#include "host/scratch_folder.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace quarry {

Result<std::unique_ptr<ScratchFolder>> ScratchFolder::make(const std::string& parent) {
  std::string path = parent + "/quarry-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) return errno_status(errno, "make a folder in", parent);
  return std::unique_ptr<ScratchFolder>(new ScratchFolder(path));
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;  // a destructor has nobody to tell
  std::filesystem::remove_all(path_, ignored);
}

std::string temporary_folder() {
  const char* folder = std::getenv("TMPDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/tmp";
}

}  // namespace quarry
