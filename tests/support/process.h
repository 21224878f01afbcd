// Starts real programs, as a user would.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace quarry::tests {

struct Outcome {
  int exit_code = -1;  // 128 + number of the signal if one ended it
  std::string output;  // stdout
  std::string errors;  // stderr
};

// A program that runs with stdin from /dev/null; killed, if it still runs, when
// this object goes. What it writes goes to files, so that it never waits for us.
class Process {
 public:
  using Environment = std::map<std::string, std::string>;  // on top of ours

  explicit Process(const std::vector<std::string>& command, const Environment& environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void send(int signal) const;
  pid_t pid() const { return pid_; }
  bool running();

  // Returns when the program has ended.
  Outcome wait();

  // What it wrote on stdout and stderr so far.
  std::string output_so_far() const;
  std::string errors_so_far() const;

 private:
  void reap(int options);

  pid_t pid_ = -1;
  bool ended_ = false;
  int status_ = 0;
  std::string folder_;
};

Outcome run(const std::vector<std::string>& command, const Process::Environment& environment = {});

}  // namespace quarry::tests
