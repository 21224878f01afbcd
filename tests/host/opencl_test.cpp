// The program cache of the OpenCL backend.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "host/cache_folder.h"
#include "host/opencl/program_cache.h"
#include "tests/support/devices.h"

namespace quarry {
namespace {

namespace fs = std::filesystem;
using opencl::ProgramCache;

class ProgramCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "quarry-cache-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    const char* old = std::getenv("XDG_CACHE_HOME");
    if (old != nullptr) old_cache_ = old;
    setenv("XDG_CACHE_HOME", folder_.c_str(), 1);
  }
  void TearDown() override {
    if (old_cache_.empty())
      unsetenv("XDG_CACHE_HOME");
    else
      setenv("XDG_CACHE_HOME", old_cache_.c_str(), 1);
    fs::remove_all(folder_);
  }

  static std::string content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  static void replace(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }

  fs::path folder_;
  std::string old_cache_;
};

TEST_F(ProgramCacheTest, GivesBackWhatItWasGiven) {
  const ProgramCache cache(default_cache_folder());
  const std::string_view parts[] = {"device", "options"};
  const std::string key = ProgramCache::key_of(parts);
  EXPECT_EQ(cache.load(key), std::nullopt);
  const std::string program("binary\n\0with zeros", 18);
  cache.store(key, program);
  EXPECT_EQ(cache.load(key), program);
  cache.store(key, "another");
  EXPECT_EQ(cache.load(key), "another");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "quarry"), fs::directory_iterator()), 1)
      << "no temporary file is left";
}

TEST_F(ProgramCacheTest, KeysTellPartsApart) {
  const std::string_view a[] = {"ab", "c"}, b[] = {"a", "bc"}, c[] = {"abc"};
  EXPECT_NE(ProgramCache::key_of(a), ProgramCache::key_of(b));
  EXPECT_NE(ProgramCache::key_of(a), ProgramCache::key_of(c));
  EXPECT_EQ(ProgramCache::key_of(a).size(), 64u);
}

TEST_F(ProgramCacheTest, IgnoresWhatIsCorruptOrForeign) {
  const ProgramCache cache(default_cache_folder());
  const std::string_view parts[] = {"mine"}, other_parts[] = {"other"};
  const std::string key = ProgramCache::key_of(parts), other = ProgramCache::key_of(other_parts);
  cache.store(key, "a program of some length");
  const std::string good = content(cache.path_of(key));
  std::string flipped = good;
  flipped[good.size() - 3] ^= 1;
  const std::string bad[] = {"",
                             "\n",
                             "garbage",
                             good.substr(0, good.size() - 1),
                             flipped,
                             good + "x",
                             good.substr(0, good.find('\n') + 1)};
  for (const std::string& bytes : bad) {
    replace(cache.path_of(key), bytes);
    EXPECT_EQ(cache.load(key), std::nullopt) << bytes;
  }
  cache.store(other, "a program of some length");
  fs::copy_file(cache.path_of(other), cache.path_of(key), fs::copy_options::overwrite_existing);
  EXPECT_EQ(cache.load(key), std::nullopt);
}

TEST_F(ProgramCacheTest, AFolderThatCannotBeMadeIsNoFailure) {
  replace(folder_ / "file", "not a folder");
  const ProgramCache cache(folder_ / "file" / "quarry");
  const std::string_view parts[] = {"mine"};
  cache.store(ProgramCache::key_of(parts), "program");
  EXPECT_EQ(cache.load(ProgramCache::key_of(parts)), std::nullopt);
}

// The first OpenCL device, or empty.
std::string opencl_device() {
  for (const DeviceInfo& info : list_devices())
    if (info.backend == "opencl") return info.id;
  return {};
}

TEST_F(ProgramCacheTest, DevicesKeepTheirProgramThere) {
  const std::string id = opencl_device();
  if (id.empty()) GTEST_SKIP() << "no OpenCL device on this machine";
  ASSERT_NE(tests::open_or_fail(id), nullptr);
  const fs::path cache = folder_ / "quarry";
  ASSERT_EQ(std::distance(fs::directory_iterator(cache), fs::directory_iterator()), 1);
  const fs::path entry = fs::directory_iterator(cache)->path();
  const std::string good = content(entry);

  // An entry that is used is not written again.
  const auto long_ago = fs::last_write_time(entry) - std::chrono::hours(1);
  fs::last_write_time(entry, long_ago);
  ASSERT_NE(tests::open_or_fail(id), nullptr);
  EXPECT_EQ(fs::last_write_time(entry), long_ago);

  // One that is corrupt is ignored, and made again.
  replace(entry, good.substr(0, good.size() / 2));
  ASSERT_NE(tests::open_or_fail(id), nullptr);
  EXPECT_EQ(content(entry).size(), good.size());

  // So is one whose bytes the driver refuses.
  const std::string key = entry.stem().string().substr(7);
  ProgramCache(cache).store(key, "no program of any driver");
  ASSERT_NE(tests::open_or_fail(id), nullptr);
  EXPECT_EQ(content(entry).size(), good.size());
}

}  // namespace
}  // namespace quarry
