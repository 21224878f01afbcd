// A device in a process of its own, so that a driver that crashes, a sticky
// error or a kernel that hangs costs that process and not this one.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/device.h"
#include "host/isolated/device_server.h"

namespace quarry {

struct IsolationOptions {
  // What is started: `program`, then `arguments`, then the id of the device. It
  // must call serve_device(kDeviceServerSocket), see host/isolated/device_server.h.
  std::string program = "/proc/self/exe";
  std::vector<std::string> arguments = {kDeviceServerCommand};

  // A process that takes longer over one call is taken for hung, and ended. Must
  // be longer than the kernels between two calls of wait() take.
  std::chrono::milliseconds answer_timeout = std::chrono::seconds(30);

  // The same for opening the device: drivers may compile kernels then.
  std::chrono::milliseconds start_timeout = std::chrono::seconds(120);
};

// Opens device `id` in a new process. It is a Device as any other, with these
// differences:
//
//  - If the process dies or hangs, it is ended, and every call from then on is
//    kDevice with a message that says what happened. Buffers, queues and device
//    can still be destroyed, which waits for a hung process answer_timeout at
//    most. To go on, open the device again.
//  - wrap() takes memory of Sharing::kShared (host/memory.h) only, kUnsupported
//    otherwise. Copies between a buffer and wrapped memory are direct, also
//    where the device cannot pin memory; all others pass through a few MiB that
//    both processes share. Hence shares_host_memory is false.
//
// The process ends with this one, however that ends. It leaves SIGINT, SIGTERM
// and SIGHUP to this one; its stdout and stderr are this one's stderr.
//
// As open_device(), and: kDevice if the process does not get so far; the system's
// words if it cannot be started.
Result<std::unique_ptr<Device>> open_isolated(std::string_view id,
                                              const DeviceOptions& options = {},
                                              const IsolationOptions& isolation = {});

}  // namespace quarry
