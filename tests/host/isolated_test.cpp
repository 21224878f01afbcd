// A device whose process dies, hangs or talks nonsense. That such a device does
// what others do is tested in device_test.cpp and kernel_test.cpp.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <thread>

#include "host/isolated/channel.h"
#include "host/isolated/device_server.h"
#include "host/isolated/isolated_device.h"
#include "host/isolated/messages.h"
#include "host/memory.h"
#include "tests/support/devices.h"

namespace quarry {
namespace {

using Bytes = std::vector<std::byte>;
using std::chrono::milliseconds;

const IsolationOptions kOptions = {.program = QUARRY_TEST_DEVICE_SERVER, .arguments = {}};

// The pids of our children, as the kernel knows them.
std::vector<pid_t> children() {
  std::vector<pid_t> all;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream list(task.path() / "children");
    for (pid_t pid = 0; list >> pid;) all.push_back(pid);
  }
  return all;
}

size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

// Lines of the process's memory map that are shared host memory.
size_t shared_mappings(pid_t pid) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  size_t count = 0;
  for (std::string line; std::getline(maps, line);)
    if (line.find("memfd:quarry") != std::string::npos) count++;
  return count;
}

Bytes pattern(size_t size, uint32_t seed) {
  Bytes bytes(size);
  std::minstd_rand random(seed);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() >> 8);
  return bytes;
}

void expect_failed(const Status& status, std::string_view words) {
  EXPECT_EQ(status.code(), Code::kDevice);
  EXPECT_NE(status.message().find(words), std::string::npos) << status.message();
}

// A scalar CPU device with one queue and one buffer.
struct Opened {
  explicit Opened(const IsolationOptions& options = kOptions) {
    auto opened = open_isolated("cpu:scalar", {}, options);
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    device = std::move(opened).value();
    queue = tests::queue_or_fail(*device, Device::kUnpinnedQueue);
    buffer = tests::allocate_or_fail(*device, 1000);
  }
  std::unique_ptr<Device> device;
  std::unique_ptr<Queue> queue;
  std::unique_ptr<Buffer> buffer;
};

TEST(IsolatedTest, SaysHowItsProcessEnded) {
  for (const auto& [kernel, words] : {std::pair{"die", "worker process was killed by signal 9"},
                                      std::pair{"exit", "worker process ended with exit code 7"}}) {
    Opened opened;
    const Status failure = opened.queue->launch(kernel, {}, {});
    expect_failed(failure, words);
    EXPECT_NE(failure.message().find("cpu:scalar"), std::string::npos) << failure.message();
    // The same answer to everything from now on.
    std::byte byte{};
    EXPECT_EQ(opened.queue->launch("plot_final", {}, {}).message(), failure.message());
    EXPECT_EQ(opened.queue->write(*opened.buffer, 0, {&byte, 1}).message(), failure.message());
    EXPECT_EQ(opened.queue->read(*opened.buffer, 0, {&byte, 1}).message(), failure.message());
    EXPECT_EQ(opened.queue->wait().message(), failure.message());
    EXPECT_EQ(opened.device->allocate(1).status().message(), failure.message());
    EXPECT_EQ(opened.device->open_queue(0).status().message(), failure.message());
    EXPECT_EQ(opened.device->free_bytes(), 0u);
    EXPECT_TRUE(children().empty()) << "it was not reaped";
  }
  Opened again;
  ASSERT_STATUS_OK(again.queue->write(*again.buffer, 0, Bytes(1000)));
  ASSERT_STATUS_OK(again.queue->wait());
}

// A slow machine may miss the time earlier: the answer is the same.
TEST(IsolatedTest, EndsAProcessThatHangs) {
  IsolationOptions options = kOptions;
  options.answer_timeout = milliseconds(1500);
  auto device = open_isolated("cpu:scalar", {}, options);
  ASSERT_TRUE(device.ok()) << device.status().message();
  auto queue = (*device)->open_queue(Device::kUnpinnedQueue);
  expect_failed(queue.ok() ? (*queue)->launch("hang", {}, {}) : queue.status(),
                "did not answer for 1500 ms and was ended");
  EXPECT_TRUE(children().empty()) << "it was not reaped";
}

TEST(IsolatedTest, EveryQueueLearnsOfTheEnd) {
  Opened opened;
  auto second = tests::queue_or_fail(*opened.device, Device::kUnpinnedQueue);
  ASSERT_NE(second, nullptr);
  Status hung;
  std::thread other([&] { hung = second->launch("hang", {}, {}); });
  const Status died = opened.queue->launch("die", {}, {});
  other.join();
  expect_failed(died, "signal 9");
  expect_failed(hung, "signal 9");
}

TEST(IsolatedTest, LeavesNoProcessAndNoDescriptor) {
  { Opened warm_up; }
  const size_t before = open_descriptors();
  for (const char* kernel : {"", "die", "exit"}) {
    Opened opened;
    auto memory = HostMemory::allocate(8192, Sharing::kShared);
    auto wrapped = opened.device->wrap(memory->bytes());
    EXPECT_TRUE(wrapped.ok());
    Bytes target(1000);
    ASSERT_STATUS_OK(opened.queue->read(*opened.buffer, 0, target));
    ASSERT_STATUS_OK(opened.queue->wait());
    EXPECT_GT(open_descriptors(), before);
    EXPECT_EQ(children().size(), 1u);
    if (*kernel != '\0') {
      EXPECT_FALSE(opened.queue->launch(kernel, {}, {}).ok());
    }
  }
  EXPECT_FALSE(open_isolated("cpu:nothing", {}, kOptions).ok());
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_TRUE(children().empty());
}

TEST(IsolatedTest, ProgramsThatAreNoDeviceServer) {
  const auto open_shell = [](const char* script) {
    IsolationOptions options = {.program = "/bin/sh", .arguments = {"-c", script}};
    options.start_timeout = milliseconds(script[0] == '#' ? 100 : 60000);
    return open_isolated("cpu", {}, options).status();
  };
  expect_failed(open_shell("exit 3"), "ended with exit code 3");
  expect_failed(open_shell("printf nonsense >&3; exec sleep 1000"), "cannot be read");
  expect_failed(open_shell("#\nexec sleep 1000"), "did not answer for 100 ms and was ended");
  expect_failed(open_shell("exec 3<&-; exec sleep 1000"), "closed its connection and was ended");
  const Status missing = open_isolated("cpu", {}, {.program = "/no/such/program"}).status();
  EXPECT_EQ(missing.code(), Code::kNotFound) << missing.message();
  EXPECT_NE(missing.message().find("/no/such/program"), std::string::npos) << missing.message();
  EXPECT_TRUE(children().empty());
}

TEST(IsolatedTest, ItsProcessHasNothingElseOfOurs) {
  const int ours = fcntl(STDERR_FILENO, F_DUPFD, 100);  // stays open at exec
  ASSERT_GE(ours, 100);
  Opened opened;
  ASSERT_EQ(children().size(), 1u);
  const std::filesystem::path its = "/proc/" + std::to_string(children()[0]) + "/fd";
  EXPECT_FALSE(std::filesystem::is_symlink(its / std::to_string(ours)));
  EXPECT_EQ(std::filesystem::read_symlink(its / "0"), "/dev/null");
  EXPECT_EQ(std::filesystem::read_symlink(its / "1"),
            std::filesystem::read_symlink("/proc/self/fd/2"));
  close(ours);
}

TEST(IsolatedTest, LeavesCtrlCToUs) {
  Opened opened;
  ASSERT_EQ(children().size(), 1u);
  for (const int signal : {SIGINT, SIGHUP, SIGTERM}) {
    ASSERT_EQ(kill(children()[0], signal), 0);
    ASSERT_STATUS_OK(opened.queue->wait());
  }
}

// Linux sends a parent's death signal when the thread ends that started the process.
TEST(IsolatedTest, OutlivesTheThreadThatOpenedIt) {
  std::unique_ptr<Opened> opened;
  std::thread([&] { opened = std::make_unique<Opened>(); }).join();
  for (int round = 0; round < 3; round++) ASSERT_STATUS_OK(opened->queue->wait());
  EXPECT_GT(opened->device->free_bytes(), 0u);
}

// In a kernel, or where it would read what we ask. The process holds our stderr:
// the pipe ends when both processes have ended.
TEST(IsolatedTest, EndsWithItsParentWhateverItDoes) {
  for (const char* id : {"cpu:scalar", "hang"}) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t parent = fork();
    ASSERT_GE(parent, 0);
    if (parent == 0) {
      dup2(ends[1], STDERR_FILENO);
      close(ends[0]);
      close(ends[1]);
      auto device = open_isolated(id, {}, kOptions);
      if (!device.ok()) _exit(1);
      auto queue = (*device)->open_queue(Device::kUnpinnedQueue);
      if (queue.ok()) (void)(*queue)->launch("hang", {}, {});
      _exit(1);
    }
    close(ends[1]);
    char text[100];
    EXPECT_GT(read(ends[0], text, sizeof text), 0) << "it does not hang";
    EXPECT_EQ(kill(parent, SIGKILL), 0);
    EXPECT_EQ(waitpid(parent, nullptr, 0), parent);
    pollfd end = {ends[0], POLLIN, 0};
    EXPECT_EQ(poll(&end, 1, 60000), 1) << id << ": its process goes on";
    close(ends[0]);
  }
}

TEST(IsolatedTest, CopiesOfEverySizeThroughTheBounceBuffer) {
  Opened opened;
  constexpr uint64_t kMiB = 1 << 20;
  const Bytes content = pattern(11 * kMiB + 7, 1);
  auto buffer = tests::allocate_or_fail(*opened.device, content.size());
  // In pieces of many sizes, the smallest last.
  std::span<const std::byte> left = content;
  for (uint64_t size = 5 * kMiB; !left.empty(); size = size / 2 + 3) {
    const auto piece = left.first(std::min<uint64_t>(size, left.size()));
    const uint64_t offset = content.size() - left.size();
    ASSERT_STATUS_OK(opened.queue->write(*buffer, offset, piece));
    left = left.subspan(piece.size());
    if (size < 10) {
      ASSERT_STATUS_OK(opened.queue->write(*buffer, content.size() - left.size(), left));
      break;
    }
  }
  Bytes whole(content.size());
  ASSERT_STATUS_OK(opened.queue->read(*buffer, 0, whole));
  ASSERT_STATUS_OK(opened.queue->wait());
  EXPECT_TRUE(whole == content);
  const Rows cases[] = {
      {.buffer_offset = 3,
       .buffer_pitch = 5 * kMiB,
       .host_pitch = 6 * kMiB,
       .row_bytes = 5 * kMiB - 9,
       .rows = 2},
      {.buffer_offset = 1,
       .buffer_pitch = kMiB,
       .host_pitch = kMiB + 5,
       .row_bytes = kMiB - 100,
       .rows = 11},
      {.buffer_offset = 0,
       .buffer_pitch = 1000,
       .host_pitch = 999,
       .row_bytes = 999,
       .rows = 10000},
  };
  for (const Rows& rows : cases) {
    Bytes expected(13 * kMiB, std::byte{0xEE});
    Bytes target = expected;
    for (uint64_t row = 0; row < rows.rows; row++)
      std::copy_n(&content[rows.buffer_offset + row * rows.buffer_pitch], rows.row_bytes,
                  &expected[row * rows.host_pitch]);
    ASSERT_STATUS_OK(opened.queue->read_rows(*buffer, rows, target.data()));
    ASSERT_STATUS_OK(opened.queue->wait());
    EXPECT_TRUE(target == expected) << rows.row_bytes;
  }
}

// A CPU queue reads at once: without wait() only what needs no copy here is there.
TEST(IsolatedTest, ReadsIntoWrappedMemoryAreDirect) {
  Opened opened;
  const Bytes content = pattern(1000, 2);
  ASSERT_STATUS_OK(opened.queue->write(*opened.buffer, 0, content));
  auto memory = HostMemory::allocate(100000, Sharing::kShared);
  ASSERT_TRUE(memory.ok());
  const auto inner = memory->bytes().subspan(8192, 50000);
  auto wrapped = opened.device->wrap(inner);
  ASSERT_TRUE(wrapped.ok()) << wrapped.status().message();
  EXPECT_EQ((*wrapped)->size_bytes(), inner.size());
  const auto is_there = [&](const std::byte* at) {
    return std::equal(content.begin(), content.end(), at);
  };
  for (const size_t offset : {size_t{0}, size_t{77}, inner.size() - 1000}) {
    ASSERT_STATUS_OK(opened.queue->read(*opened.buffer, 0, inner.subspan(offset, 1000)));
    EXPECT_TRUE(is_there(&inner[offset])) << offset;
  }
  const Rows rows = {.buffer_pitch = 100, .host_pitch = 300, .row_bytes = 100, .rows = 10};
  ASSERT_STATUS_OK(opened.queue->read_rows(*opened.buffer, rows, &inner[3000]));
  for (size_t row = 0; row < 10; row++)
    EXPECT_TRUE(
        std::equal(&content[row * 100], &content[row * 100] + 100, &inner[3000 + row * 300]));
  // Writes too.
  const Bytes other = pattern(1000, 3);
  std::copy(other.begin(), other.end(), &inner[5000]);
  ASSERT_STATUS_OK(opened.queue->write(*opened.buffer, 0, inner.subspan(5000, 1000)));
  // One byte too far is another matter.
  std::byte* beyond = memory->data() + 8192 + inner.size() - 999;
  ASSERT_STATUS_OK(opened.queue->read(*opened.buffer, 0, {beyond, 1000}));
  EXPECT_FALSE(std::equal(other.begin(), other.end(), beyond));
  ASSERT_STATUS_OK(opened.queue->wait());
  EXPECT_TRUE(std::equal(other.begin(), other.end(), beyond));
}

TEST(IsolatedTest, MemoryThatIsNoLongerWrappedIsGivenBack) {
  Opened opened;
  ASSERT_EQ(children().size(), 1u);
  const pid_t pid = children()[0];
  auto memory = HostMemory::allocate(1 << 20, Sharing::kShared);
  ASSERT_TRUE(memory.ok());
  ASSERT_EQ(shared_mappings(pid), 0u);
  {
    auto wrapped = opened.device->wrap(memory->bytes());
    ASSERT_TRUE(wrapped.ok()) << wrapped.status().message();
    EXPECT_GT(shared_mappings(pid), 0u);
  }
  EXPECT_EQ(shared_mappings(pid), 0u);
  {
    auto queue = tests::queue_or_fail(*opened.device, Device::kUnpinnedQueue);
    ASSERT_STATUS_OK(queue->write(*opened.buffer, 0, Bytes(100)));
    EXPECT_GT(shared_mappings(pid), 0u);
  }
  EXPECT_EQ(shared_mappings(pid), 0u);
}

TEST(IsolatedTest, OnlySharedMemoryIsWrapped) {
  Opened opened;
  auto memory = HostMemory::allocate(8192);
  ASSERT_TRUE(memory.ok());
  EXPECT_EQ(opened.device->wrap(memory->bytes()).status().code(), Code::kUnsupported);
}

// Reads that are under way when a queue goes away end before it does.
TEST(IsolatedTest, AQueueFinishesBeforeItEnds) {
  Opened opened;
  const Bytes content = pattern(1000, 4);
  Bytes target(1000);
  ASSERT_STATUS_OK(opened.queue->write(*opened.buffer, 0, content));
  ASSERT_STATUS_OK(opened.queue->read(*opened.buffer, 0, target));
  EXPECT_NE(target, content) << "the bounce buffer should hold it yet";
  opened.queue.reset();
  EXPECT_EQ(target, content);
}

TEST(IsolatedTest, AStickyErrorCostsOneProcess) {
  std::vector<std::string> ids = tests::device_ids();
  if (std::count(ids.begin(), ids.end(), "cuda:0") == 0) GTEST_SKIP() << "no CUDA in this build";
  if (std::getenv("QUARRY_CUDA_LIBRARY") == nullptr) GTEST_SKIP() << "a real driver";
  setenv("FAKE_CUDA_FAIL_LAUNCH", "1", 1);
  const auto launch = [](Device& device, int count) {
    auto queue = tests::queue_or_fail(device);
    auto buffer = tests::allocate_or_fail(device, 32 * 262144);
    const Argument arguments[] = {*buffer, uint64_t{1}, uint64_t{2}, uint64_t{1}, 1u, 0u, 2u};
    for (int i = 0; i < count; i++) {
      QUARRY_TRY(queue->launch("plot_hashes", {.items = 1}, arguments));
      QUARRY_TRY(queue->wait());
    }
    return Status();
  };
  auto broken = tests::open_or_fail("isolated:cuda:0");
  unsetenv("FAKE_CUDA_FAIL_LAUNCH");  // of processes that start from now on
  expect_failed(launch(*broken, 2), "CUDA_ERROR_LAUNCH_FAILED");
  EXPECT_EQ(broken->allocate(1).status().code(), Code::kDevice);
  // Its context keeps all its memory, until it is given up.
  EXPECT_EQ(children().size(), 1u);
  broken->abandon();
  EXPECT_TRUE(children().empty());
  expect_failed(broken->allocate(1).status(), "was ended after it failed");
  auto again = tests::open_or_fail("isolated:cuda:0");
  ASSERT_STATUS_OK(launch(*again, 3));
}

// The caller of a wait() that failed may have freed what it read into.
TEST(IsolatedTest, NothingIsDeliveredAfterAFailure) {
  std::vector<std::string> ids = tests::device_ids();
  if (std::count(ids.begin(), ids.end(), "cuda:0") == 0) GTEST_SKIP() << "no CUDA in this build";
  if (std::getenv("QUARRY_CUDA_LIBRARY") == nullptr) GTEST_SKIP() << "a real driver";
  setenv("FAKE_CUDA_FAIL_LAUNCH", "0", 1);
  auto device = tests::open_or_fail("isolated:cuda:0");
  unsetenv("FAKE_CUDA_FAIL_LAUNCH");
  auto buffer = tests::allocate_or_fail(*device, 32 * 262144);
  const Bytes untouched(1000, std::byte{0x5a});
  Bytes target = untouched;
  {
    auto queue = tests::queue_or_fail(*device);
    const Argument arguments[] = {*buffer, uint64_t{1}, uint64_t{2}, uint64_t{1}, 1u, 0u, 2u};
    ASSERT_STATUS_OK(queue->launch("plot_hashes", {.items = 1}, arguments));
    ASSERT_STATUS_OK(queue->read(*buffer, 0, target));
    expect_failed(queue->wait(), "CUDA_ERROR_LAUNCH_FAILED");
  }
  EXPECT_EQ(target, untouched);
}

// A server that gets frames made by hand.
class DeviceServerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto sockets = isolated::make_socket_pair();
    ASSERT_TRUE(sockets.ok());
    ASSERT_EQ(pipe(errors_), 0);
    pid_ = fork();
    ASSERT_GE(pid_, 0);
    if (pid_ == 0) {
      dup2(errors_[1], STDERR_FILENO);
      dup2(sockets->theirs.get(), kDeviceServerSocket);
      close(errors_[1]);
      execl(QUARRY_TEST_DEVICE_SERVER, "device_server", nullptr);
      _exit(127);
    }
    close(errors_[1]);
    channel_ = std::make_unique<isolated::Channel>(std::move(sockets->ours));
  }

  void TearDown() override {
    close(errors_[0]);
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }

  // Sends a whole request; its answer's code.
  template <class Request>
  Code ask(isolated::Operation operation, const Request& request) {
    isolated::Encoder encoder;
    encoder(operation, request);
    EXPECT_TRUE(channel_->send(encoder.bytes()).ok());
    const auto answer = channel_->receive();
    EXPECT_TRUE(answer.ok()) << answer.status().message();
    if (!answer.ok()) return Code::kCancelled;
    Code code{};
    isolated::Decoder(answer->bytes)(code);
    return code;
  }

  void send_raw(const Bytes& bytes) {
    EXPECT_EQ(::write(channel_->socket(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }

  void open_device() {
    EXPECT_EQ(ask(isolated::Operation::kOpen, isolated::OpenRequest{"cpu:scalar", {}}), Code::kOk);
  }

  // The process must end now, with exit code 1 and one sentence that has `words`.
  void expect_end(std::string_view words) {
    std::string text;
    char piece[256];
    for (ssize_t n = 0; (n = read(errors_[0], piece, sizeof piece)) > 0;)
      text.append(piece, static_cast<size_t>(n));
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    pid_ = -1;
    EXPECT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 1) << text;
    EXPECT_NE(text.find(words), std::string::npos) << text;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  }

  std::unique_ptr<isolated::Channel> channel_;
  int errors_[2] = {-1, -1};
  pid_t pid_ = -1;
};

TEST_F(DeviceServerTest, RefusesOversizedMessages) {
  open_device();
  send_raw(Bytes(isolated::Channel::kMostBytes + 5));
  expect_end("more than 65536 bytes");
}

TEST_F(DeviceServerTest, RefusesWhatIsNoMessage) {
  send_raw(Bytes(16, std::byte{0x55}));
  expect_end("no message");
}

TEST_F(DeviceServerTest, RefusesCommandsBeforeTheDeviceIsOpen) {
  isolated::Encoder encoder;
  encoder(isolated::Operation::kAllocate, uint64_t{1});
  ASSERT_TRUE(channel_->send(encoder.bytes()).ok());
  expect_end("opened first");
}

TEST_F(DeviceServerTest, RefusesCommandsWithoutAQueue) {
  open_device();
  isolated::Encoder encoder;
  encoder(isolated::Operation::kWait);
  ASSERT_TRUE(channel_->send(encoder.bytes()).ok());
  expect_end("without a queue");
}

TEST_F(DeviceServerTest, RefusesRequestsThatDoNotExist) {
  open_device();
  isolated::Encoder encoder;
  encoder(uint32_t{1000});
  ASSERT_TRUE(channel_->send(encoder.bytes()).ok());
  expect_end("does not exist");
}

TEST_F(DeviceServerTest, RefusesRequestsOfAnotherLength) {
  open_device();
  isolated::Encoder encoder;
  encoder(isolated::Operation::kAllocate, uint32_t{1});
  ASSERT_TRUE(channel_->send(encoder.bytes()).ok());
  expect_end("too short or too long");
}

// A list that says it is longer than its message, of four thousand million items.
TEST_F(DeviceServerTest, RefusesListsThatAreNotThere) {
  open_device();
  ASSERT_EQ(ask(isolated::Operation::kOpenQueue, isolated::QueueRequest{}), Code::kOk);
  isolated::Encoder encoder;
  encoder(isolated::Operation::kLaunch, std::string("plot_final"), Grid{}, UINT32_MAX);
  ASSERT_TRUE(channel_->send(encoder.bytes()).ok());
  expect_end("too short or too long");
}

// Mistakes in what a request says are answers, and the server goes on.
TEST_F(DeviceServerTest, AnswersMistakes) {
  using isolated::Operation;
  open_device();
  ASSERT_EQ(ask(Operation::kOpenQueue, isolated::QueueRequest{}), Code::kOk);
  EXPECT_EQ(ask(Operation::kFree, uint64_t{17}), Code::kInvalidArgument);
  EXPECT_EQ(ask(Operation::kRead, isolated::Copy{1, 2, 0, {}}), Code::kInvalidArgument);
  EXPECT_FALSE(ask(Operation::kWrap, isolated::WrapRequest{0, 100}) == Code::kOk);
  const isolated::LaunchRequest long_value = {"plot_final", {}, {{0, std::string(65, 'x')}}};
  EXPECT_EQ(ask(Operation::kLaunch, long_value), Code::kInvalidArgument);
  ASSERT_EQ(ask(Operation::kAllocate, uint64_t{100}), Code::kOk);
  // A buffer is not memory to copy to.
  EXPECT_EQ(ask(Operation::kRead, isolated::Copy{1, 1, 0, {.row_bytes = 1, .rows = 1}}),
            Code::kInvalidArgument);
  EXPECT_EQ(ask(Operation::kWait, isolated::Nothing{}), Code::kOk);
}

}  // namespace
}  // namespace quarry
