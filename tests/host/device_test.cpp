// What host/device.h promises, on every device of this machine.
#include "host/device.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "host/memory.h"
#include "kernels/plot_constants.h"
#include "tests/support/devices.h"

namespace quarry {
namespace {

using Bytes = std::vector<std::byte>;

class DeviceTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    device_ = tests::open_or_fail(GetParam());
    ASSERT_NE(device_, nullptr);
    queue_ = tests::queue_or_fail(*device_);
    ASSERT_NE(queue_, nullptr);
    const uint64_t seed = tests::random_seed();
    RecordProperty("seed", std::to_string(seed));
    std::cout << "QUARRY_TEST_SEED=" << seed << "\n";
    random_.seed(seed);
  }

  Bytes random_bytes(size_t size) {
    Bytes bytes(size);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random_());
    return bytes;
  }

  // A buffer that holds `content`.
  std::unique_ptr<Buffer> buffer_of(const Bytes& content) {
    auto buffer = tests::allocate_or_fail(*device_, content.size());
    EXPECT_TRUE(queue_->write(*buffer, 0, content).ok());
    EXPECT_TRUE(queue_->wait().ok());
    return buffer;
  }

  // Before the ids of devices of this kind.
  const std::string isolation_{GetParam().starts_with(tests::kIsolated) ? tests::kIsolated : ""};
  std::unique_ptr<Device> device_;
  std::unique_ptr<Queue> queue_;
  std::mt19937_64 random_;
};

TEST_P(DeviceTest, DescribesItself) {
  const DeviceInfo& info = device_->info();
  EXPECT_FALSE(info.id.empty());
  EXPECT_FALSE(info.name.empty());
  EXPECT_EQ(info.id.substr(0, info.id.find(':')), info.backend);
  EXPECT_GT(info.memory_bytes, 0u);
  EXPECT_GT(info.max_buffer_bytes, 0u);
  EXPECT_GT(info.group_size, 0u);
  EXPECT_GT(info.queues, 0u);
  EXPECT_GE(info.items_per_queue, info.interleave);
  EXPECT_EQ(info.interleave & (info.interleave - 1), 0u) << "a power of two";
  EXPECT_LE(device_->free_bytes(), info.memory_bytes);
  EXPECT_TRUE(info.lane_words == 1 || info.lane_words == 4) << info.lane_words;
  EXPECT_EQ(info.lane_words, info.backend == "cpu" ? 1u : 4u);
  if (info.hardware == "cpu") {
    EXPECT_EQ(info.multiprocessors, 0u);
    EXPECT_EQ(info.group_memory_bytes, 0u);
    EXPECT_FALSE(info.has_watchdog);
  } else {
    EXPECT_GT(info.multiprocessors, 0u);
  }
}

TEST_P(DeviceTest, WritesAndReadsAnyRange) {
  Bytes expected = random_bytes(100003);
  auto buffer = buffer_of(expected);
  ASSERT_EQ(buffer->size_bytes(), expected.size());
  for (const size_t size : {size_t{0}, size_t{1}, size_t{3}, size_t{4097}, size_t{50001}}) {
    const size_t offset = 2 * (random_() % (expected.size() - size) / 2) + 1 - (size == 0);
    const Bytes part = random_bytes(size);
    ASSERT_STATUS_OK(queue_->write(*buffer, offset, part));
    std::copy(part.begin(), part.end(), expected.begin() + static_cast<ptrdiff_t>(offset));
    Bytes read(size), all(expected.size());
    ASSERT_STATUS_OK(queue_->read(*buffer, offset, read));
    ASSERT_STATUS_OK(queue_->read(*buffer, 0, all));
    ASSERT_STATUS_OK(queue_->wait());
    EXPECT_EQ(read, part) << size << " bytes at " << offset;
    EXPECT_EQ(all, expected) << size << " bytes at " << offset;
  }
}

TEST_P(DeviceTest, ReadsRows) {
  const Bytes content = random_bytes(70001);
  auto buffer = buffer_of(content);
  const Rows cases[] = {
      {.buffer_offset = 0, .buffer_pitch = 64, .host_pitch = 64, .row_bytes = 64, .rows = 9},
      {.buffer_offset = 7, .buffer_pitch = 101, .host_pitch = 203, .row_bytes = 99, .rows = 600},
      {.buffer_offset = 1, .buffer_pitch = 1024, .host_pitch = 64, .row_bytes = 64, .rows = 68},
      {.buffer_offset = 3, .buffer_pitch = 64, .host_pitch = 4096, .row_bytes = 64, .rows = 77},
      {.buffer_offset = 70000, .buffer_pitch = 0, .host_pitch = 0, .row_bytes = 1, .rows = 1},
      {.buffer_offset = 0, .buffer_pitch = 7000, .host_pitch = 7001, .row_bytes = 7000, .rows = 10},
      {.buffer_offset = 5, .buffer_pitch = 64, .host_pitch = 64, .row_bytes = 0, .rows = 3},
      {.buffer_offset = 5, .buffer_pitch = 64, .host_pitch = 64, .row_bytes = 64, .rows = 0},
  };
  for (const Rows& rows : cases) {
    Bytes expected(400000, std::byte{0xEE});
    Bytes target = expected;
    for (uint64_t row = 0; row < rows.rows; row++)
      std::copy_n(
          content.begin() + static_cast<ptrdiff_t>(rows.buffer_offset + row * rows.buffer_pitch),
          rows.row_bytes, expected.begin() + static_cast<ptrdiff_t>(row * rows.host_pitch));
    ASSERT_STATUS_OK(queue_->read_rows(*buffer, rows, target.data()));
    ASSERT_STATUS_OK(queue_->wait());
    EXPECT_EQ(target, expected) << "pitches " << rows.buffer_pitch << ", " << rows.host_pitch;
  }
}

TEST_P(DeviceTest, RefusesRangesOutsideTheBuffer) {
  auto buffer = buffer_of(random_bytes(1000));
  Bytes bytes(100);
  for (const uint64_t offset : {uint64_t{901}, uint64_t{1001}, UINT64_MAX, UINT64_MAX - 99}) {
    EXPECT_EQ(queue_->write(*buffer, offset, bytes).code(), Code::kInvalidArgument) << offset;
    EXPECT_EQ(queue_->read(*buffer, offset, bytes).code(), Code::kInvalidArgument) << offset;
  }
  const Rows cases[] = {
      {.buffer_offset = 901, .buffer_pitch = 100, .host_pitch = 100, .row_bytes = 100, .rows = 1},
      {.buffer_offset = 0, .buffer_pitch = 10, .host_pitch = 10, .row_bytes = 10, .rows = 101},
      {.buffer_offset = 0, .buffer_pitch = 991, .host_pitch = 10, .row_bytes = 10, .rows = 2},
      {.buffer_offset = UINT64_MAX, .buffer_pitch = 1, .host_pitch = 1, .row_bytes = 1, .rows = 1},
      {.buffer_offset = 0, .buffer_pitch = UINT64_MAX, .host_pitch = 1, .row_bytes = 1, .rows = 3},
      {.buffer_offset = 0, .buffer_pitch = 2, .host_pitch = 2, .row_bytes = 2, .rows = UINT64_MAX},
      {.buffer_offset = 0, .buffer_pitch = 9, .host_pitch = 10, .row_bytes = 10, .rows = 2},
      {.buffer_offset = 0, .buffer_pitch = 10, .host_pitch = 9, .row_bytes = 10, .rows = 2},
  };
  for (const Rows& rows : cases)
    EXPECT_EQ(queue_->read_rows(*buffer, rows, bytes.data()).code(), Code::kInvalidArgument)
        << rows.buffer_offset << " " << rows.buffer_pitch << " " << rows.rows;
  // A mistake is not a failure: the queue goes on.
  ASSERT_STATUS_OK(queue_->read(*buffer, 900, bytes));
  ASSERT_STATUS_OK(queue_->wait());
}

TEST_P(DeviceTest, RefusesWrongLaunches) {
  auto hashes = tests::allocate_or_fail(*device_, device_->info().interleave * 262144ull);
  auto finals = tests::allocate_or_fail(*device_, device_->info().interleave * 32ull);
  const uint64_t u64 = 1;
  const uint32_t count = 1;
  using Arguments = std::vector<Argument>;
  const Arguments right = {*hashes, *finals, u64, u64, u64, count};
  Arguments one_less(right.begin(), right.end() - 1);
  Arguments one_more = right;
  one_more.emplace_back(count);
  const Arguments narrow = {*hashes, *finals, count, u64, u64, count};
  const Arguments value_for_buffer = {*hashes, u64, u64, u64, u64, count};
  const Arguments buffer_for_value = {*hashes, *finals, u64, u64, u64, *finals};
  for (const Arguments& wrong : {one_less, one_more, narrow, value_for_buffer, buffer_for_value}) {
    const Status status = queue_->launch("plot_final", {.items = 1}, wrong);
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_NE(status.message().find("plot_final"), std::string::npos) << status.message();
  }
  const Status unknown = queue_->launch("no_such_kernel", {.items = 1}, right);
  EXPECT_EQ(unknown.code(), Code::kInvalidArgument);
  EXPECT_NE(unknown.message().find("no_such_kernel"), std::string::npos) << unknown.message();
  const Status no_memory =
      queue_->launch("plot_final", {.items = 1, .group_memory_bytes = 16}, right);
  EXPECT_EQ(no_memory.code(), Code::kInvalidArgument);
  EXPECT_NE(no_memory.message().find("group memory"), std::string::npos) << no_memory.message();
  // The rounded number of items must fit 32 bits where items run in groups.
  if (device_->info().backend != "cpu") {
    EXPECT_EQ(queue_->launch("plot_final", {.items = UINT32_MAX}, right).code(),
              Code::kInvalidArgument);
  }
  // A mistake is not a failure: the queue goes on.
  ASSERT_STATUS_OK(queue_->launch("plot_final", {.items = 0}, right));
  ASSERT_STATUS_OK(queue_->launch("plot_final", {.items = 1}, right));
  ASSERT_STATUS_OK(queue_->wait());
}

TEST_P(DeviceTest, AllocatesWhatFitsOnly) {
  for (const uint64_t size : {UINT64_MAX, uint64_t{1} << 62, uint64_t{1} << 50}) {
    auto buffer = device_->allocate(size);
    if (device_->info().backend == "cpu" && buffer.ok()) continue;  // address space, not memory
    ASSERT_FALSE(buffer.ok()) << size;
    EXPECT_EQ(buffer.status().code(), Code::kOutOfMemory) << buffer.status().message();
  }
  auto nothing = tests::allocate_or_fail(*device_, 0);
  EXPECT_EQ(nothing->size_bytes(), 0u);
  EXPECT_EQ(queue_->write(*nothing, 0, Bytes(1)).code(), Code::kInvalidArgument);
}

TEST_P(DeviceTest, WrappedMemoryIsTheHostsOwn) {
  auto memory = HostMemory::allocate(1 << 20, Sharing::kShared);
  ASSERT_TRUE(memory.ok());
  auto wrapped = device_->wrap(memory->bytes());
  if (!wrapped.ok()) {
    EXPECT_EQ(wrapped.status().code(), Code::kUnsupported) << wrapped.status().message();
    EXPECT_FALSE(device_->info().shares_host_memory);
    return;
  }
  EXPECT_EQ((*wrapped)->size_bytes(), memory->size_bytes());
  const Bytes content = random_bytes(memory->size_bytes());
  auto buffer = buffer_of(content);
  ASSERT_STATUS_OK(queue_->read(*buffer, 0, memory->bytes()));
  ASSERT_STATUS_OK(queue_->wait());
  EXPECT_TRUE(std::equal(content.begin(), content.end(), memory->data()));
  Bytes back(content.size());
  const Status used = queue_->read(**wrapped, 0, back);
  if (used.code() == Code::kUnsupported && !device_->info().shares_host_memory) return;
  ASSERT_STATUS_OK(used);
  ASSERT_STATUS_OK(queue_->wait());
  EXPECT_EQ(back, content);
}

TEST_P(DeviceTest, RefusesNamesThatDoNotExist) {
  for (const char* end : {"99", "x", "", "0x"}) {
    const std::string id = device_->info().backend + ":" + end;
    if (id == "cpu:") continue;  // the best one
    auto device = tests::open_any(isolation_ + id);
    ASSERT_FALSE(device.ok()) << id;
    EXPECT_EQ(device.status().code(), Code::kNotFound) << device.status().message();
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, DeviceTest, testing::ValuesIn(tests::device_ids()),
                         tests::device_test_name);

INSTANTIATE_TEST_SUITE_P(Isolated, DeviceTest, testing::ValuesIn(tests::isolated_device_ids()),
                         tests::device_test_name);

TEST(DeviceListTest, AllUsesEachPieceOfHardwareOnce) {
  const auto ids = parse_device_list("all");
  ASSERT_TRUE(ids.ok()) << ids.status().message();
  EXPECT_EQ(ids->front(), "cpu");
  std::vector<std::string> hardware = {"cpu"};
  for (const DeviceInfo& info : list_devices())
    if (std::count(ids->begin(), ids->end(), info.id) > 0 && !info.hardware.empty())
      hardware.push_back(info.hardware);
  std::sort(hardware.begin(), hardware.end());
  EXPECT_EQ(std::adjacent_find(hardware.begin(), hardware.end()), hardware.end());
  // Every one is there by some name.
  for (const DeviceInfo& info : list_devices())
    EXPECT_TRUE(info.hardware.empty() ||
                std::binary_search(hardware.begin(), hardware.end(), info.hardware))
        << info.id;
}

TEST(DeviceListTest, NamesAreTakenOnceAndChecked) {
  const auto ids = parse_device_list("cpu:scalar,cpu,cpu:scalar");
  ASSERT_TRUE(ids.ok()) << ids.status().message();
  EXPECT_EQ(*ids, (std::vector<std::string>{"cpu:scalar", "cpu"}));
  const auto unknown = parse_device_list("cpu,opencl:99");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.status().code(), Code::kNotFound);
  EXPECT_NE(unknown.status().message().find("opencl:99"), std::string::npos);
}

}  // namespace
}  // namespace quarry
