// The worker process of one device: the other end of host/isolated/isolated_device.h.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "host/device.h"

namespace quarry {

// The command of quarry that is a worker process; not for people.
inline constexpr const char* kDeviceServerCommand = "device-server";

// The descriptor at which a worker process finds its connection.
inline constexpr int kDeviceServerSocket = 3;

using DeviceOpener =
    std::function<Result<std::unique_ptr<Device>>(std::string_view, const DeviceOptions&)>;

// Opens the device that the other end of `socket` names and does what it asks, one
// thread for each connection. Ends the process when the other end closes the
// connection, whatever a kernel or a driver does then: with exit code 0, or
// with 1 and one sentence on stderr if what came was not a device's parent.
[[noreturn]] void serve_device(int socket, const DeviceOpener& opener = open_device);

}  // namespace quarry
