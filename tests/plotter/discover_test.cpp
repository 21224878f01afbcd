#include "plotter/discover.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"

namespace quarry {
namespace {

using tests::TempFolder;

// A file of this size that takes no space.
void make_file(const std::string& path, uint64_t size) {
  std::ofstream(path, std::ios::binary).flush();
  std::filesystem::resize_file(path, size);
}

TEST(Discover, PlotsOfAFolder) {
  const TempFolder folder;
  make_file(folder.file("12_0_3"), 3 * 262144);
  make_file(folder.file("12_3_4_2"), 4 * 262144);
  make_file(folder.file("12_7_2"), 2 * 262144 - 1);
  make_file(folder.file("12_9_2"), 2 * 262144 + 64);
  make_file(folder.file("12_20_2.plotting"), 2 * 262144);
  make_file(folder.file("12_20_2.journal"), 64);
  make_file(folder.file("notes.txt"), 5);
  std::filesystem::create_directory(folder.file("12_50_1"));
  std::filesystem::create_symlink(folder.file("nowhere"), folder.file("12_60_1"));
  const Discovery found = discover_plots({folder.path()}, posix_file_system());
  ASSERT_EQ(found.plots.size(), 2u);
  EXPECT_EQ(found.plots[0].path, folder.file("12_0_3"));
  EXPECT_EQ(found.plots[0].name, (PlotName{12, 0, 3, 0}));
  EXPECT_EQ(found.plots[1].name, (PlotName{12, 3, 4, 2}));
  ASSERT_EQ(found.problems.size(), 3u);
  EXPECT_EQ(found.problems[0].code(), Code::kNotFound);  // the broken link
  EXPECT_EQ(found.problems[1].code(), Code::kCorrupt);
  EXPECT_NE(found.problems[1].message().find("12_7_2 is cut short"), std::string::npos);
  EXPECT_NE(found.problems[1].message().find(", 1 are missing"), std::string::npos);
  EXPECT_EQ(found.problems[2].code(), Code::kCorrupt);
  EXPECT_NE(found.problems[2].message().find("64 bytes more"), std::string::npos);
}

TEST(Discover, OneFileByManyNames) {
  const TempFolder folder;
  make_file(folder.file("12_0_3"), 3 * 262144);
  const TempFolder other;
  std::filesystem::create_directory_symlink(folder.path(), other.file("link"));
  const Discovery found =
      discover_plots({folder.path(), folder.path() + "/", folder.file("12_0_3"),
                      folder.path() + "/./12_0_3", other.file("link"), other.file("link/12_0_3")},
                     posix_file_system());
  EXPECT_EQ(found.plots.size(), 1u);
  EXPECT_TRUE(found.problems.empty());
}

TEST(Discover, NamedFilesThatAreNoPlots) {
  const TempFolder folder;
  make_file(folder.file("holiday.jpg"), 100);
  make_file(folder.file("1_0_0"), 0);
  const Discovery found =
      discover_plots({folder.file("holiday.jpg"), folder.file("missing"), folder.file("1_0_0")},
                     posix_file_system());
  EXPECT_TRUE(found.plots.empty());
  ASSERT_EQ(found.problems.size(), 3u);
  for (const Status& problem : found.problems)
    EXPECT_NE(problem.message().find(folder.path()), std::string::npos) << problem.message();
}

TEST(Discover, FolderThatCannotBeRead) {
  const TempFolder folder;
  make_file(folder.file("12_0_3"), 3 * 262144);
  tests::FaultyFileSystem files(posix_file_system());
  files.fail(tests::Operation::kList, 1, EACCES);
  const Discovery found = discover_plots({folder.path()}, files);
  EXPECT_TRUE(found.plots.empty());
  ASSERT_EQ(found.problems.size(), 1u);
  EXPECT_EQ(found.problems[0].code(), Code::kPermission);
}

}  // namespace
}  // namespace quarry
