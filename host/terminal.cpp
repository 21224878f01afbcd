#include "host/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <string>
#include <vector>

namespace quarry {
namespace {

// What the kernel keeps of a line; it drops the rest in silence.
constexpr size_t kTerminalLineBytes = 4095;

constexpr std::array kCaught = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                                SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT};

bool is_job_control(int signal) {
  return signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU || signal == SIGCONT;
}

// Where the handler puts the numbers of signals: a pipe that lives as long as the
// program, since a handler may still run in another thread when we are done.
std::atomic<int> signal_pipe_write_end = -1;
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler reads it");

extern "C" void note_signal(int signal) {
  const int error = errno;
  const auto number = static_cast<unsigned char>(signal);
  // A full pipe holds more than enough of them.
  [[maybe_unused]] const ssize_t written = write(signal_pipe_write_end, &number, 1);
  errno = error;
}

Result<int> signal_pipe() {
  static std::array<int, 2> ends = {-1, -1};
  if (ends[0] < 0) {
    if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
      ends = {-1, -1};
      return errno_status(errno, "make", "a pipe for signals");
    }
    signal_pipe_write_end = ends[1];
  }
  return ends[0];
}

// While it exists the signals of kCaught go into the pipe; those that the program
// ignores stay ignored.
class CaughtSignals {
 public:
  CaughtSignals() {
    struct sigaction action {};
    action.sa_handler = note_signal;
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < kCaught.size(); i++) {
      sigaction(kCaught[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) sigaction(kCaught[i], &action, nullptr);
    }
  }
  ~CaughtSignals() {
    for (size_t i = 0; i < kCaught.size(); i++) sigaction(kCaught[i], &before_[i], nullptr);
  }
  CaughtSignals(const CaughtSignals&) = delete;
  CaughtSignals& operator=(const CaughtSignals&) = delete;

 private:
  std::array<struct sigaction, kCaught.size()> before_{};
};

// False with errno set. Drops what was typed and not read. From the background
// the call gives EINTR after SIGTTOU and would do so again and again; the shell
// has then set the terminal as it likes it.
bool set_terminal(int terminal, const termios& settings) {
  while (tcsetattr(terminal, TCSAFLUSH, &settings) != 0)
    if (errno != EINTR || tcgetpgrp(terminal) != getpgrp()) return false;
  return true;
}

class EchoOff {
 public:
  explicit EchoOff(int terminal) : terminal_(terminal) {
    if (tcgetattr(terminal, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
    is_off_ = set_terminal(terminal, quiet);
  }
  ~EchoOff() {
    if (is_off_) set_terminal(terminal_, before_);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

  bool is_off() const { return is_off_; }

 private:
  const int terminal_;
  termios before_{};
  bool is_off_ = false;
};

Status write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_status(errno, "write to", "the terminal");
    text.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

// Returns at the end of the line, or, kCancelled, when the pipe has a signal.
Result<Secret> read_line(int terminal, int signals) {
  Secret line(kTerminalLineBytes + 1);
  size_t used = 0;
  for (;;) {
    std::array<pollfd, 2> sources = {pollfd{terminal, POLLIN, 0}, pollfd{signals, POLLIN, 0}};
    if (poll(sources.data(), sources.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return errno_status(errno, "wait for", "the terminal");
    }
    if (sources[1].revents != 0) return Status(Code::kCancelled, "interrupted by a signal");
    const ssize_t got = read(terminal, &line.bytes()[used], line.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_status(errno, "read from", "the terminal");
    if (got == 0) return Status(Code::kCancelled, "nothing was entered");
    used += static_cast<size_t>(got);
    const bool is_whole = line.text()[used - 1] == '\n';
    if (used == line.size())
      return Status(Code::kInvalidArgument,
                    "a terminal passes on less than 4095 bytes of a line; hand a longer secret "
                    "over by a file descriptor");
    if (is_whole) return Secret::copy_of(line.bytes().first(used - 1));
  }
}

// One question, with handlers and echo in place again at the end.
Result<Secret> ask(int terminal, int signals, std::string_view prompt) {
  const CaughtSignals caught;
  const EchoOff echo(terminal);
  if (!echo.is_off()) return errno_status(errno, "turn off the echo of", "the terminal");
  QUARRY_TRY(write_all(terminal, prompt));
  auto line = read_line(terminal, signals);
  // The end of the line was not echoed either.
  QUARRY_TRY(write_all(terminal, "\n"));
  return line;
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  const int number_;
};

std::vector<int> take_signals(int signals) {
  std::vector<int> taken;
  unsigned char number = 0;
  while (read(signals, &number, 1) == 1) taken.push_back(number);
  return taken;
}

Status refuse_descriptor(int descriptor, const std::string& reason) {
  return {Code::kInvalidArgument, "cannot read a secret from file descriptor " +
                                      std::to_string(descriptor) + ": " + reason};
}

Status check_descriptor(int descriptor) {
  if (descriptor == STDOUT_FILENO || descriptor == STDERR_FILENO)
    return refuse_descriptor(descriptor, "it is for output");
  const int flags = descriptor < 0 ? -1 : fcntl(descriptor, F_GETFL);
  if (flags < 0) return refuse_descriptor(descriptor, "it is not open");
  if ((flags & O_ACCMODE) == O_WRONLY) return refuse_descriptor(descriptor, "it is for writing");
  if (isatty(descriptor) != 0)
    return refuse_descriptor(descriptor, "it is a terminal, which would show what is typed");
  return {};
}

}  // namespace

Result<Secret> read_secret_line(std::string_view prompt) {
  static std::mutex one_question_at_a_time;
  const std::lock_guard lock(one_question_at_a_time);
  const Descriptor terminal(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (terminal.number() < 0)
    return Status(Code::kUnsupported,
                  "there is no terminal to ask at; hand the secret over by a file descriptor");
  QUARRY_ASSIGN(const int signals, signal_pipe());
  for (;;) {
    auto line = ask(terminal.number(), signals, prompt);
    const std::vector<int> caught = take_signals(signals);
    bool is_over = line.ok() || caught.empty();
    for (const int signal : caught) {
      std::raise(signal);
      is_over = is_over || !is_job_control(signal);
    }
    if (is_over) return line;
  }
}

Result<Secret> read_new_secret(std::string_view prompt) {
  QUARRY_ASSIGN(Secret first, read_secret_line(prompt));
  QUARRY_ASSIGN(const Secret second, read_secret_line("The same again: "));
  if (!equal_in_constant_time(first.bytes(), second.bytes()))
    return Status(Code::kInvalidArgument, "what was entered the second time differs; start again");
  return first;
}

Result<Secret> read_secret_fd(int descriptor) {
  QUARRY_TRY(check_descriptor(descriptor));
  Secret buffer(kMaxSecretBytes + 2);  // room for the '\n', and to see that there is more
  size_t used = 0;
  while (used < buffer.size()) {
    const ssize_t got = read(descriptor, &buffer.bytes()[used], buffer.size() - used);
    if (got == 0) break;
    if (got > 0) {
      used += static_cast<size_t>(got);
    } else if (errno == EAGAIN) {
      pollfd source = {descriptor, POLLIN, 0};
      (void)poll(&source, 1, -1);
    } else if (errno != EINTR) {
      return errno_status(errno, "read a secret from file descriptor", std::to_string(descriptor));
    }
  }
  if (used > 0 && buffer.text()[used - 1] == '\n') used--;
  if (used > kMaxSecretBytes)
    return refuse_descriptor(descriptor,
                             "it has more than " + std::to_string(kMaxSecretBytes) + " bytes");
  return Secret::copy_of(buffer.bytes().first(used));
}

}  // namespace quarry
