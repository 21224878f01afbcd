// Secrets from terminals (real ones, with a process that plays the shell) and
// from file descriptors.
#include "host/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>
#include <thread>

namespace quarry {
namespace {

constexpr int kPatienceMilliseconds = 60'000;  // only a test that has failed waits so long

struct Pipe {
  Pipe() { EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0); }
  ~Pipe() {
    close_reading();
    close_writing();
  }
  void close_reading() { close_end(0); }
  void close_writing() { close_end(1); }
  void close_end(size_t i) {
    if (ends[i] >= 0) close(ends[i]);
    ends[i] = -1;
  }
  void put(std::string_view text) const {
    EXPECT_EQ(write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::array<int, 2> ends = {-1, -1};
};

bool is_readable(int descriptor) {
  pollfd source = {descriptor, POLLIN, 0};
  return poll(&source, 1, kPatienceMilliseconds) == 1;
}

template <class T>
T receive(int descriptor) {
  T value = {};
  if (is_readable(descriptor) && read(descriptor, &value, sizeof value) == sizeof value)
    return value;
  ADD_FAILURE() << "nothing came";
  return value;
}

std::string describe(const Result<Secret>& secret) {
  return secret.ok() ? "ok:" + std::string(secret->text())
                     : std::string(code_name(secret.status().code()));
}

std::string ask() { return describe(read_secret_line("Password: ")); }

// A terminal, a shell that controls it, and a job of that shell which asks for a
// secret and says what came of it.
class Terminal {
 public:
  using Job = std::function<std::string()>;

  explicit Terminal(const Job& job, bool in_background = false) {
    EXPECT_EQ(openpty(&master_, &slave_, nullptr, nullptr, nullptr), 0);
    shell_ = fork();
    EXPECT_GE(shell_, 0);
    if (shell_ == 0) run_shell(job, in_background);
    job_ = receive<pid_t>(reports_.ends[0]);
  }
  ~Terminal() {
    if (job_ > 0) kill(job_, SIGKILL);
    kill(shell_, SIGKILL);
    waitpid(shell_, nullptr, 0);
    close(master_);
    close(slave_);
  }

  pid_t job() const { return job_; }

  bool has_echo() const { return (settings().c_lflag & ECHO) != 0; }
  void set_echo() const {
    termios changed = settings();
    changed.c_lflag |= ECHO;
    EXPECT_EQ(tcsetattr(slave_, TCSANOW, &changed), 0);
  }

  void type(std::string_view text) const {
    EXPECT_EQ(write(master_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  // Waits until `text` is shown behind what was waited for before.
  void expect_on_screen(const std::string& text) {
    size_t at;
    while ((at = screen_.find(text, seen_)) == std::string::npos) {
      std::array<char, 1024> part;
      ASSERT_TRUE(is_readable(master_)) << "on the screen: " << screen_;
      const ssize_t got = read(master_, part.data(), part.size());
      ASSERT_GT(got, 0);
      screen_.append(part.data(), static_cast<size_t>(got));
    }
    seen_ = at + text.size();
  }
  void expect_question(const std::string& prompt = "Password: ") {
    expect_on_screen(prompt);
    EXPECT_FALSE(has_echo());
  }
  const std::string& screen() const { return screen_; }

  // What waitpid() says of the job when it stops or ends.
  int wait() { return receive<int>(reports_.ends[0]); }
  void expect_end() {
    const int status = wait();
    EXPECT_TRUE(WIFEXITED(status)) << status;
    EXPECT_TRUE(has_echo());
  }
  void expect_stop(int signal) {
    const int status = wait();
    EXPECT_TRUE(WIFSTOPPED(status) && WSTOPSIG(status) == signal) << status;
    EXPECT_TRUE(has_echo());
  }
  void bring_to_foreground() const { orders_.put("f"); }

  // What the job said at its end.
  std::string answer() {
    std::array<char, 8192> text;
    if (!is_readable(answers_.ends[0])) return "nothing came";
    const ssize_t got = read(answers_.ends[0], text.data(), text.size());
    return {text.data(), static_cast<size_t>(std::max<ssize_t>(got, 0))};
  }

 private:
  termios settings() const {
    termios settings = {};
    EXPECT_EQ(tcgetattr(slave_, &settings), 0);
    return settings;
  }

  [[noreturn]] void run_shell(const Job& job, bool in_background) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const rlimit no_cores = {0, 0};
    setrlimit(RLIMIT_CORE, &no_cores);
    setsid();
    ioctl(slave_, TIOCSCTTY, 0);
    signal(SIGTTOU, SIG_IGN);
    const pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      setpgid(0, 0);
      if (!in_background) tcsetpgrp(slave_, getpid());
      signal(SIGTTOU, SIG_DFL);
      report(getpid());
      answers_.put(job());
      _exit(0);
    }
    for (;;) {
      int status = 0;
      if (waitpid(child, &status, WUNTRACED) != child) _exit(1);
      report(status);
      if (!WIFSTOPPED(status)) pause();
      char order;
      if (read(orders_.ends[0], &order, 1) != 1) _exit(1);
      tcsetpgrp(slave_, child);
      kill(child, SIGCONT);
    }
  }

  template <class T>
  void report(T value) const {
    reports_.put({reinterpret_cast<const char*>(&value), sizeof value});
  }

  int master_ = -1;
  int slave_ = -1;
  pid_t shell_ = -1;
  pid_t job_ = -1;
  const Pipe reports_;
  const Pipe orders_;
  const Pipe answers_;
  std::string screen_;
  size_t seen_ = 0;
};

TEST(ReadSecretLine, ShowsNothingOfIt) {
  Terminal terminal(ask);
  terminal.expect_question();
  terminal.type("tr0ub4dor & 3 \n");
  terminal.expect_end();
  EXPECT_EQ(terminal.answer(), "ok:tr0ub4dor & 3 ");
  terminal.expect_on_screen("\n");
  EXPECT_EQ(terminal.screen(), "Password: \r\n");
}

TEST(ReadSecretLine, MayBeEmpty) {
  Terminal terminal(ask);
  terminal.expect_question();
  terminal.type("\n");
  terminal.expect_end();
  EXPECT_EQ(terminal.answer(), "ok:");
}

TEST(ReadSecretLine, EndOfInputCancels) {
  Terminal terminal(ask);
  terminal.expect_question();
  terminal.type("half\x04\x04");
  terminal.expect_end();
  EXPECT_EQ(terminal.answer(), "cancelled");
}

TEST(ReadSecretLine, RefusesALineThatTheTerminalMayHaveCut) {
  for (const size_t length : {4094, 4095, 5000}) {
    SCOPED_TRACE(length);
    Terminal terminal(ask);
    terminal.expect_question();
    const std::string line(length, 'x');
    terminal.type(line);
    terminal.type("\n");
    terminal.expect_end();
    EXPECT_EQ(terminal.answer(), length < 4095 ? "ok:" + line : "invalid_argument");
  }
}

TEST(ReadSecretLine, SignalsThatKillDoSoWhenTheEchoIsBack) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    SCOPED_TRACE(strsignal(signal));
    Terminal terminal(ask);
    terminal.expect_question();
    terminal.type("half");
    ASSERT_GT(terminal.job(), 0);
    kill(terminal.job(), signal);
    const int status = terminal.wait();
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal) << status;
    EXPECT_TRUE(terminal.has_echo());
  }
}

volatile sig_atomic_t handled = 0;
volatile sig_atomic_t echo_when_handled = 0;

extern "C" void handle(int signal) {
  handled = signal;
  termios settings = {};
  const int terminal = open("/dev/tty", O_RDWR | O_NOCTTY);
  echo_when_handled = tcgetattr(terminal, &settings) == 0 && (settings.c_lflag & ECHO) != 0;
  close(terminal);
}

void install_handler() {
  struct sigaction action = {};
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
}

std::string ask_with_handler() {
  install_handler();
  std::string answer = ask();
  if (handled == SIGINT) answer += ", handled";
  if (echo_when_handled != 0) answer += ", with echo";
  struct sigaction now = {};
  sigaction(SIGINT, nullptr, &now);
  if (now.sa_handler == handle) answer += ", as before";
  return answer;
}

TEST(ReadSecretLine, TheProgramsOwnHandlerIsCalled) {
  Terminal terminal(ask_with_handler);
  terminal.expect_question();
  terminal.type("half\x03");
  terminal.expect_end();
  EXPECT_EQ(terminal.answer(), "cancelled, handled, with echo, as before");
}

TEST(ReadSecretLine, AnyThreadMayAsk) {
  Terminal terminal([] {
    std::string answer;
    std::thread([&] { answer = ask_with_handler(); }).join();
    return answer;
  });
  terminal.expect_question();
  terminal.type("\x03");
  terminal.expect_end();
  EXPECT_EQ(terminal.answer(), "cancelled, handled, with echo, as before");
}

TEST(ReadSecretLine, WhatIsIgnoredStaysIgnored) {
  Terminal terminal([] {
    signal(SIGINT, SIG_IGN);
    return ask();
  });
  terminal.expect_question();
  terminal.type("half\x03whole\n");  // Ctrl-C makes the terminal forget the line so far
  terminal.expect_end();
  EXPECT_EQ(terminal.answer(), "ok:whole");
}

TEST(ReadSecretLine, StopsAndAsksAgain) {
  Terminal terminal(ask);
  for (int i = 0; i < 2; i++) {
    terminal.expect_question();
    terminal.type("half\x1a");
    terminal.expect_stop(SIGTSTP);
    terminal.bring_to_foreground();
  }
  terminal.expect_question();
  terminal.type("whole\n");
  terminal.expect_end();
  EXPECT_EQ(terminal.answer(), "ok:whole");
}

// Nobody can catch SIGSTOP; a shell then gives the terminal its echo.
TEST(ReadSecretLine, TurnsTheEchoOffAgainWhenItGoesOn) {
  Terminal terminal(ask);
  terminal.expect_question();
  ASSERT_GT(terminal.job(), 0);
  kill(terminal.job(), SIGSTOP);
  EXPECT_TRUE(WIFSTOPPED(terminal.wait()));
  terminal.set_echo();
  terminal.bring_to_foreground();
  terminal.expect_question();
  terminal.type("whole\n");
  terminal.expect_end();
  EXPECT_EQ(terminal.answer(), "ok:whole");
}

TEST(ReadSecretLine, WaitsInTheBackground) {
  Terminal terminal(ask, /*in_background=*/true);
  terminal.expect_stop(SIGTTOU);
  terminal.bring_to_foreground();
  terminal.expect_question();
  terminal.type("whole\n");
  terminal.expect_end();
  EXPECT_EQ(terminal.answer(), "ok:whole");
}

TEST(ReadSecretLine, SaysThatThereIsNoTerminal) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    setsid();
    _exit(read_secret_line("Password: ").status().code() == Code::kUnsupported ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(ReadNewSecret, AsksTwice) {
  for (const bool is_same : {true, false}) {
    SCOPED_TRACE(is_same);
    Terminal terminal([] { return describe(read_new_secret("New password: ")); });
    terminal.expect_question("New password: ");
    terminal.type("secret\n");
    terminal.expect_question("The same again: ");
    terminal.type(is_same ? "secret\n" : "secrex\n");
    terminal.expect_end();
    EXPECT_EQ(terminal.answer(), is_same ? "ok:secret" : "invalid_argument");
  }
}

// What comes of `text` through a pipe.
std::string through_pipe(const std::string& text, int flags = 0) {
  Pipe pipe;
  EXPECT_EQ(fcntl(pipe.ends[0], F_SETFL, flags), 0);
  std::thread writer([&] {
    for (const char c : text.substr(0, 10)) pipe.put({&c, 1});
    if (text.size() > 10) pipe.put(std::string_view(text).substr(10));
    pipe.close_writing();
  });
  const std::string outcome = describe(read_secret_fd(pipe.ends[0]));
  // What was left unread must not keep the writer waiting.
  std::array<char, 4096> rest;
  while (read(pipe.ends[0], rest.data(), rest.size()) > 0) continue;
  writer.join();
  return outcome;
}

TEST(ReadSecretFd, StripsOneEndOfLine) {
  EXPECT_EQ(through_pipe("secret"), "ok:secret");
  EXPECT_EQ(through_pipe("secret\n"), "ok:secret");
  EXPECT_EQ(through_pipe("secret\n\n"), "ok:secret\n");
  EXPECT_EQ(through_pipe("two\nlines\r\n"), "ok:two\nlines\r");
  EXPECT_EQ(through_pipe(""), "ok:");
  EXPECT_EQ(through_pipe("\n"), "ok:");
  EXPECT_EQ(through_pipe(std::string("a\0b", 3)), std::string("ok:a\0b", 6));
  EXPECT_EQ(through_pipe("a longer secret\n", O_NONBLOCK), "ok:a longer secret");
}

TEST(ReadSecretFd, HasALimit) {
  const std::string longest(kMaxSecretBytes, 'x');
  EXPECT_EQ(through_pipe(longest), "ok:" + longest);
  EXPECT_EQ(through_pipe(longest + "\n"), "ok:" + longest);
  EXPECT_EQ(through_pipe(longest + "x"), "invalid_argument");
  EXPECT_EQ(through_pipe(longest + "\n\n"), "invalid_argument");
  EXPECT_EQ(through_pipe(longest + "x\n"), "invalid_argument");
  EXPECT_EQ(through_pipe(longest + longest), "invalid_argument");
}

TEST(ReadSecretFd, RefusesWhatIsNoPlaceForSecrets) {
  Pipe pipe;
  const int closed = dup(pipe.ends[0]);
  close(closed);
  int master = -1, slave = -1;
  ASSERT_EQ(openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  for (const int descriptor : {-1, 1, 2, closed, pipe.ends[1], master, slave}) {
    const auto secret = read_secret_fd(descriptor);
    EXPECT_EQ(secret.status().code(), Code::kInvalidArgument) << descriptor;
    EXPECT_NE(secret.status().message().find(std::to_string(descriptor)), std::string::npos);
  }
  close(master);
  close(slave);
  const int folder = open("/", O_RDONLY | O_CLOEXEC);
  EXPECT_FALSE(read_secret_fd(folder).ok());
  close(folder);
}

}  // namespace
}  // namespace quarry
