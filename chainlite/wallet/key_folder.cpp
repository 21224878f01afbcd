#include "chainlite/wallet/key_folder.h"

#include <sodium.h>

#include <cstdio>

#include "base/bytes.h"
#include "base/hex.h"
#include "host/user_folder.h"

namespace quarry {
namespace {

constexpr std::string_view kEnding = ".key";

// Names of keys do not begin with a dot: this is nobody's file, and not listed.
std::string temporary_name(const std::string& name) {
  ByteArray<8> random;
  randombytes_buf(random.data(), random.size());
  return "." + name + std::string(kEnding) + "." + format_hex(random);
}

Status write_file(FileSystem& files, const std::string& path, std::string_view text) {
  const OpenOptions options = {.write = true, .create = true, .exclusive = true, .secret = true};
  QUARRY_ASSIGN(const auto file, files.open(path, options));
  QUARRY_TRY(file->write_at(0, text_bytes(text)));
  return file->sync();
}

Status privacy_of(const std::string& path, uint32_t permissions) {
  if ((permissions & 077) == 0) return {};
  char mode[16];
  std::snprintf(mode, sizeof mode, "%04o", permissions);
  return {Code::kPermission, path + " is open to other users (mode " + mode +
                                 "): they can try passwords; run chmod 600 on it"};
}

}  // namespace

std::string default_key_folder() {
  const auto folder = default_data_folder();
  return folder.empty() ? "" : (folder / "wallet").string();
}

std::string KeyFolder::path_of(std::string_view name) const {
  return path_ + "/" + std::string(name) + std::string(kEnding);
}

Status KeyFolder::add(const KeyFile& file) {
  const std::string& name = file.info.name;
  QUARRY_TRY(check_key_name(name));
  QUARRY_TRY(files_.make_folder(path_));
  const std::string temporary = path_ + "/" + temporary_name(name);
  Status status = write_file(files_, temporary, format_key_file(file));
  if (status.ok()) status = files_.rename_to_new(temporary, path_of(name));
  if (!status.ok()) {
    // What stays if this fails too is encrypted, and harmless.
    (void)files_.remove(temporary);
    if (status.code() != Code::kExists) return status;
    return {Code::kExists, "there is a key " + name + " in " + path_ + "; choose another name"};
  }
  if (status = files_.sync_folder(path_); !status.ok())
    return status.with_context(path_of(name) + " was written, but may be lost with the power");
  return {};
}

Result<StoredKey> KeyFolder::load(std::string_view name) {
  QUARRY_TRY(check_key_name(name));
  const std::string path = path_of(name);
  QUARRY_ASSIGN(const FileInfo info, files_.info(path));
  // Pipes and devices have no size: opening one could wait for ever.
  if (info.is_directory || info.size_bytes == 0 || info.size_bytes > kMaxKeyFileBytes)
    return Status(Code::kCorrupt, path + " is no key file: it is no file, empty or too long");
  QUARRY_ASSIGN(const auto file, files_.open(path, {}));
  std::string text(info.size_bytes, '\0');
  QUARRY_TRY(file->read_at(0, std::as_writable_bytes(std::span(text))));
  auto parsed = parse_key_file(text);
  if (!parsed.ok()) return parsed.status().with_context(path);
  if (parsed->info.name != name)
    return Status(Code::kCorrupt,
                  path + " holds the key " + parsed->info.name + "; give the file that name again");
  return StoredKey{std::move(*parsed), privacy_of(path, info.permissions)};
}

Result<KeyList> KeyFolder::list() {
  const auto names = files_.list(path_);
  if (names.status().code() == Code::kNotFound) return KeyList{};
  if (!names.ok()) return names.status();
  KeyList list;
  for (const std::string& file_name : *names) {
    const std::string_view name = std::string_view(file_name).substr(
        0, file_name.ends_with(kEnding) ? file_name.size() - kEnding.size() : 0);
    if (!check_key_name(name).ok()) continue;
    if (auto key = load(name); key.ok())
      list.keys.push_back(std::move(*key));
    else
      list.failures.push_back(key.status());
  }
  return list;
}

}  // namespace quarry
