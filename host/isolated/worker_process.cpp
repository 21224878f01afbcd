#include "host/isolated/worker_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

namespace quarry::isolated {
namespace {

using std::chrono::milliseconds;

// For a process that was killed, or that closed its connections as it does when
// it dies. A driver may keep it longer; nothing can be done then.
constexpr milliseconds kEndPatience{5000};

// Why a process failed whose connection is closed: how it ended.
constexpr const char* kSaysItself = "";

std::string describe_end(int status) {
  if (WIFEXITED(status)) return "ended with exit code " + std::to_string(WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  const char* name = sigdescr_np(signal);
  return "was killed by signal " + std::to_string(signal) +
         (name == nullptr ? "" : " (" + std::string(name) + ")");
}

std::string time_text(milliseconds time) {
  if (time.count() % 1000 != 0) return std::to_string(time.count()) + " ms";
  return std::to_string(time.count() / 1000) + " s";
}

// What posix_spawn() is told, freed at the end.
struct SpawnPlan {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;

  // The process gets its connection and our stderr, and no other descriptor;
  // Ctrl-C and the like are for us to answer.
  explicit SpawnPlan(int socket) {
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, socket, kDeviceServerSocket);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, kDeviceServerSocket + 1);
    posix_spawnattr_init(&attributes);
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&blocked, signal);
    posix_spawnattr_setsigmask(&attributes, &blocked);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
};

}  // namespace

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::start(std::string_view id,
                                                            const IsolationOptions& options) {
  QUARRY_ASSIGN(SocketPair sockets, make_socket_pair());
  std::unique_ptr<WorkerProcess> process(new WorkerProcess(id, options, std::move(sockets.ours)));
  QUARRY_TRY(process->spawn(sockets.theirs.get()));
  return process;
}

WorkerProcess::~WorkerProcess() { kill_and_reap(); }

Status WorkerProcess::spawn(int socket) {
  std::vector<std::string> words = {options_.program};
  words.insert(words.end(), options_.arguments.begin(), options_.arguments.end());
  words.push_back(name_);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const SpawnPlan plan(socket);
  const int error = posix_spawn(&pid_, options_.program.c_str(), &plan.files, &plan.attributes,
                                pointers.data(), environ);
  if (error == 0) return {};
  pid_ = -1;
  return errno_status(error, "start", options_.program).with_context("device " + name_);
}

Result<DeviceInfo> WorkerProcess::open(const OpenRequest& request) {
  const std::lock_guard lock(control_mutex_);
  Encoder encoder;
  encoder(Operation::kOpen, request);
  QUARRY_ASSIGN(const auto answer, exchange(control_, encoder.bytes(), -1, options_.start_timeout));
  return decode<DeviceInfo>(answer);
}

Result<std::vector<std::byte>> WorkerProcess::exchange(Channel& channel,
                                                       std::span<const std::byte> request,
                                                       int descriptor, milliseconds timeout) {
  QUARRY_TRY(failure());
  const Status sent = channel.send(request, descriptor);
  if (sent.code() == Code::kNetwork) return fail(kSaysItself);
  QUARRY_TRY(sent);
  const Result<bool> answered = channel.wait(timeout);
  if (!answered.ok()) return fail(answered.status().message());
  if (!*answered) return fail("did not answer for " + time_text(timeout) + " and was ended");
  const Result<Message> message = channel.receive();
  if (message.status().code() == Code::kNetwork) return fail(kSaysItself);
  if (!message.ok()) return fail(kUnreadable);
  Decoder decoder(message->bytes);
  Code code{};
  std::string text;
  decoder(code, text);
  if (!decoder.enough()) return fail(kUnreadable);
  if (code != Code::kOk) return Status(code, text);
  return std::vector<std::byte>(decoder.rest().begin(), decoder.rest().end());
}

Status WorkerProcess::failure() {
  const std::lock_guard lock(mutex_);
  return failure_;
}

Status WorkerProcess::fail(std::string what) {
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  if (what.empty()) what = wait_for_end(kEndPatience);
  if (what.empty()) what = "closed its connection and was ended";
  kill_and_reap();
  failure_ = Status(Code::kDevice, "device " + name_ + ": its worker process " + what);
  return failure_;
}

std::string WorkerProcess::wait_for_end(milliseconds patience) {
  constexpr milliseconds kPause{1};
  for (; pid_ > 0; patience -= kPause) {
    int status = 0;
    const pid_t ended = waitpid(pid_, &status, WNOHANG);
    if (ended != 0 && !(ended < 0 && errno == EINTR)) {
      pid_ = -1;
      return ended > 0 ? describe_end(status) : "ended";  // someone else reaps our children
    }
    if (patience.count() <= 0) return "";
    std::this_thread::sleep_for(kPause);
  }
  return "ended";
}

void WorkerProcess::kill_and_reap() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  (void)wait_for_end(kEndPatience);
}

}  // namespace quarry::isolated
