#include "base/status.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace quarry {

std::string_view code_name(Code code) {
  switch (code) {
    case Code::kOk: return "ok";
    case Code::kInvalidArgument: return "invalid_argument";
    case Code::kNotFound: return "not_found";
    case Code::kExists: return "exists";
    case Code::kCorrupt: return "corrupt";
    case Code::kIo: return "io";
    case Code::kDevice: return "device";
    case Code::kNetwork: return "network";
    case Code::kOutOfMemory: return "out_of_memory";
    case Code::kNoSpace: return "no_space";
    case Code::kUnsupported: return "unsupported";
    case Code::kCancelled: return "cancelled";
    case Code::kPermission: return "permission";
    case Code::kRefused: return "refused";
  }
  return "unknown";
}

Status Status::with_context(std::string_view context) const {
  if (ok()) return *this;
  return {code_, std::string(context) + ": " + message_};
}

Status errno_status(int error, std::string_view action, std::string_view path) {
  Code code = Code::kIo;
  switch (error) {
    case ENOENT:
    case ENOTDIR: code = Code::kNotFound; break;
    case EEXIST: code = Code::kExists; break;
    case ENOSPC:
    case EDQUOT: code = Code::kNoSpace; break;
    case EACCES:
    case EPERM:
    case EROFS: code = Code::kPermission; break;
    case ENOMEM: code = Code::kOutOfMemory; break;
    case EINVAL: code = Code::kInvalidArgument; break;
    case EOPNOTSUPP:
    case ENOSYS: code = Code::kUnsupported; break;
    default: break;
  }
  std::string message = "cannot ";
  message.append(action).append(" ").append(path).append(": ").append(std::strerror(error));
  return {code, std::move(message)};
}

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace quarry
