// Status and Result: how expected failures travel in Quarry.
//
// Three kinds of trouble, three tools:
//  1. An expected failure (a full disk, a missing driver, a corrupt file, a bad
//     argument) is a Status, or a Result<T> where there is a value. No
//     exception leaves a folder.
//  2. A programmer's mistake stops the program: QUARRY_CHECK.
//  3. A wrong result from a device or a stranger is never trusted: it is
//     re-checked, and becomes a Status of kDevice or kCorrupt.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace quarry {

enum class Code {
  kOk,
  kInvalidArgument,  // the caller or the user asked for something impossible
  kNotFound,         // a file, device or name that does not exist
  kExists,           // a file that must not be there yet, or a lock that another process holds
  kCorrupt,          // data that cannot be what it says it is
  kIo,               // the operating system refused a read or a write
  kDevice,           // a compute device failed or gave a wrong answer
  kNetwork,          // the other side could not be reached or did not answer
  kOutOfMemory,      // host or device memory
  kNoSpace,          // the disk is full
  kUnsupported,      // this build or this machine cannot do it
  kCancelled,        // the user or the scheduler stopped it
  kPermission,       // the operating system forbids it
  kRefused,          // the other side says no, or a rule that keeps the user safe does
};

// Name of a code as logs and --json show it: "corrupt", "no_space", ...
std::string_view code_name(Code code);

// Empty when all went well, else a code and one sentence that says what was
// tried, on what, the system's words, and where it helps the remedy.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }

  // True where the same call may succeed later with nothing changed.
  bool retryable() const { return code_ == Code::kNetwork || code_ == Code::kOutOfMemory; }

  // The same failure with "context: " in front of the message.
  Status with_context(std::string_view context) const;

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

// Status of the errno value `error` after `action` ("write") on `path`:
// ENOSPC is kNoSpace, ENOENT kNotFound, EACCES kPermission, and so on.
Status errno_status(int error, std::string_view action, std::string_view path);

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

// A mistake of the programmer, never of the user: aborts in every build.
#define QUARRY_CHECK(condition) \
  ((condition) ? (void)0 : ::quarry::check_failed(#condition, __FILE__, __LINE__))

// A T, or the Status that says why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT: conversion is the point
  Result(Status status) : status_(std::move(status)) { QUARRY_CHECK(!status_.ok()); }  // NOLINT

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  T& value() & {
    QUARRY_CHECK(ok());
    return *value_;
  }
  const T& value() const& {
    QUARRY_CHECK(ok());
    return *value_;
  }
  T&& value() && {
    QUARRY_CHECK(ok());
    return std::move(*value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::optional<T> value_;
  Status status_;
};

// Returns the failure of `expression` from the calling function.
#define QUARRY_TRY(expression)                                                  \
  do {                                                                          \
    if (::quarry::Status status_ = (expression); !status_.ok()) return status_; \
  } while (0)

// The arguments are names and declarations: parentheses would not compile.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define QUARRY_JOIN2_(a, b) a##b
#define QUARRY_JOIN_(a, b) QUARRY_JOIN2_(a, b)

// QUARRY_ASSIGN(auto file, open(path)): the value, or return the failure.
#define QUARRY_ASSIGN(target, expression) \
  QUARRY_ASSIGN_(QUARRY_JOIN_(result_, __LINE__), target, expression)
#define QUARRY_ASSIGN_(result, target, expression) \
  auto result = (expression);                      \
  if (!result.ok()) return result.status();        \
  target = std::move(result).value()
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace quarry
