#include "tests/support/process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace quarry::tests {
namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// In the child: only calls that are safe after fork().
void redirect(const char* path, int flags, int target) {
  const int file = open(path, flags, 0600);
  if (file < 0 || dup2(file, target) < 0) _exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const Environment& environment) {
  std::string folder = std::filesystem::temp_directory_path() / "quarry-test-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  folder_ = folder;

  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; entry++) {
    const std::string variable = *entry;
    if (!environment.contains(variable.substr(0, variable.find('='))))
      variables.push_back(variable);
  }
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);

  const auto pointers = [](const std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
    list.push_back(nullptr);
    return list;
  };
  const std::vector<char*> arguments = pointers(command);
  const std::vector<char*> child_environment = pointers(variables);
  const std::string output = folder_ + "/stdout", errors = folder_ + "/stderr";
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    redirect("/dev/null", O_RDONLY, STDIN_FILENO);
    redirect(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
    redirect(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
    execvpe(arguments[0], arguments.data(), child_environment.data());
    _exit(127);
  }
}

Process::~Process() {
  if (!ended_) {
    send(SIGKILL);
    reap(0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Process::reap(int options) {
  if (!ended_ && waitpid(pid_, &status_, options) == pid_) ended_ = true;
}

void Process::send(int signal) const { kill(pid_, signal); }

bool Process::running() {
  reap(WNOHANG);
  return !ended_;
}

std::string Process::output_so_far() const { return contents(folder_ + "/stdout"); }
std::string Process::errors_so_far() const { return contents(folder_ + "/stderr"); }

Outcome Process::wait() {
  reap(0);
  const int code = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  return {code, contents(folder_ + "/stdout"), contents(folder_ + "/stderr")};
}

Outcome run(const std::vector<std::string>& command, const Process::Environment& environment) {
  return Process(command, environment).wait();
}

}  // namespace quarry::tests
