#include "plotter/swap_log.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/shabal256.h"
#include "plotter/discover.h"

namespace quarry {
namespace {

constexpr uint64_t kHeaderBytes = 4096;
constexpr uint64_t kDigestBytes = 32;
constexpr uint64_t kMostDataBytes = uint64_t{1} << 30;  // no log of ours asks for more
constexpr uint32_t kLayoutVersion = 1;

using Header = std::array<std::byte, kHeaderBytes>;

template <class T>
void put(std::byte* place, T value) {
  std::memcpy(place, &value, sizeof value);
}

template <class T>
T get(const std::byte* place) {
  T value;
  std::memcpy(&value, place, sizeof value);
  return value;
}

// Puts the digest of what is before it into the last bytes.
void seal(std::span<std::byte> bytes) {
  const auto digest = shabal256(bytes.first(bytes.size() - kDigestBytes));
  std::memcpy(bytes.data() + bytes.size() - kDigestBytes, digest.data(), kDigestBytes);
}

bool sealed(std::span<const std::byte> bytes) {
  const auto digest = shabal256(bytes.first(bytes.size() - kDigestBytes));
  return std::memcmp(bytes.data() + bytes.size() - kDigestBytes, digest.data(), kDigestBytes) == 0;
}

Header make_header(const PlotName& name, uint64_t data_bytes) {
  Header header = {};
  std::memcpy(header.data(), "QRYSWAP", 8);
  put(header.data() + 8, kLayoutVersion);
  put(header.data() + 16, name.account_id);
  put(header.data() + 24, name.start);
  put(header.data() + 32, name.nonces);
  put(header.data() + 40, data_bytes);
  seal(header);
  return header;
}

}  // namespace

Result<std::unique_ptr<SwapLog>> SwapLog::with_memory(std::unique_ptr<File> file,
                                                      uint64_t data_bytes) {
  std::unique_ptr<SwapLog> log(new SwapLog(std::move(file), data_bytes));
  QUARRY_ASSIGN(log->slot_, HostMemory::allocate(kSlotHead + data_bytes + kDigestBytes));
  return log;
}

uint64_t SwapLog::slot_offset(uint64_t slot) const {
  return kHeaderBytes + slot * slot_.size_bytes();
}

Result<std::unique_ptr<SwapLog>> SwapLog::create(FileSystem& files, const std::string& path,
                                                 const PlotName& name, uint64_t data_bytes) {
  QUARRY_CHECK(data_bytes <= kMostDataBytes);
  QUARRY_ASSIGN(std::unique_ptr<File> file, files.open(path, {.write = true, .create = true}));
  QUARRY_ASSIGN(std::unique_ptr<SwapLog> log, with_memory(std::move(file), data_bytes));
  QUARRY_TRY(log->file_->truncate(0));
  QUARRY_TRY(log->file_->allocate(log->slot_offset(2)));
  QUARRY_TRY(log->file_->write_at(0, make_header(name, data_bytes)));
  QUARRY_TRY(log->file_->sync());
  QUARRY_TRY(files.sync_folder(folder_of(path)));
  return log;
}

Result<std::unique_ptr<SwapLog>> SwapLog::open(FileSystem& files, const std::string& path,
                                               const PlotName& name) {
  QUARRY_ASSIGN(std::unique_ptr<File> file, files.open(path, {.write = true}));
  Header header;
  QUARRY_TRY(file->read_at(0, header));
  const auto data_bytes = get<uint64_t>(header.data() + 40);
  if (data_bytes > kMostDataBytes || header != make_header(name, data_bytes))
    return Status(Code::kCorrupt, path + " is damaged or not the journal of this plot");
  return with_memory(std::move(file), data_bytes);
}

Status SwapLog::write(Step step) {
  QUARRY_CHECK(step.size_bytes <= data_bytes_);
  put(slot_.data(), step.number);
  put(slot_.data() + 8, step.size_bytes);
  const auto bytes = slot_.bytes().first(kSlotHead + step.size_bytes + kDigestBytes);
  seal(bytes);
  QUARRY_TRY(file_->write_at(slot_offset(step.number % 2), bytes));
  return file_->sync();
}

Result<std::optional<SwapLog::Step>> SwapLog::read_slot(uint64_t slot) {
  QUARRY_TRY(file_->read_at(slot_offset(slot), slot_.bytes()));
  const Step step = {get<uint64_t>(slot_.data()), get<uint64_t>(slot_.data() + 8)};
  if (step.size_bytes == 0 || step.size_bytes > data_bytes_ || step.number % 2 != slot)
    return std::optional<Step>();
  if (!sealed(slot_.bytes().first(kSlotHead + step.size_bytes + kDigestBytes)))
    return std::optional<Step>();
  return std::optional<Step>(step);
}

Result<std::optional<SwapLog::Step>> SwapLog::last() {
  QUARRY_ASSIGN(const std::optional<Step> first, read_slot(0));
  QUARRY_ASSIGN(const std::optional<Step> second, read_slot(1));
  if (first && (!second || first->number > second->number)) return read_slot(0);
  return second;
}

}  // namespace quarry
