// The folder of a user's key files, NAME.key each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "chainlite/wallet/key_file.h"
#include "host/file.h"

namespace quarry {

// `wallet` in default_data_folder(); "" where there is none.
std::string default_key_folder();

// A key file as it lies in the folder, closed.
struct StoredKey {
  KeyFile file;
  Status warning;  // kPermission with a sentence for the user if others may read or write it
};

struct KeyList {
  std::vector<StoredKey> keys;   // by name
  std::vector<Status> failures;  // files NAME.key that are none, or cannot be read
};

// May be used from any thread; of several that add the same name, in one process
// or more, one succeeds.
class KeyFolder {
 public:
  // `files` outlives this object. The folder need not exist.
  KeyFolder(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  // Writes NAME.key, for its owner alone, and makes the folder if it is missing.
  // Returns when the file is on the disk. kExists if the name is taken: a key is
  // never replaced. After any failure there is no such file, or the whole of it
  // where only the folder could not be synced, which the message then says.
  Status add(const KeyFile& file);

  // kNotFound; kCorrupt with the reason, also for a file that holds another name
  // than its own; kUnsupported as parse_key_file().
  Result<StoredKey> load(std::string_view name);

  // Needs no password, so names and public keys are what the files claim; see
  // KeyInfo. Empty where there is no folder.
  Result<KeyList> list();

 private:
  std::string path_of(std::string_view name) const;

  FileSystem& files_;
  const std::string path_;
};

}  // namespace quarry
