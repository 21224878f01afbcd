#include "host/isolated/channel.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

namespace quarry::isolated {
namespace {

constexpr uint32_t kMagic = 0x51647631;  // before every message
constexpr std::chrono::milliseconds kSlice{500};

Status closed() { return {Code::kNetwork, "the other end of the connection is closed"}; }

Status socket_status(int error, std::string_view action) {
  if (error == EPIPE || error == ECONNRESET) return closed();
  return errno_status(error, action, "the socket of a device");
}

using ControlBytes = std::array<char, CMSG_SPACE(sizeof(int))>;

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

Result<SocketPair> make_socket_pair() {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
    return errno_status(errno, "open", "a connection to a device");
  return SocketPair{Descriptor(sockets[0]), Descriptor(sockets[1])};
}

Channel::Channel(Descriptor socket)
    : socket_(std::move(socket)), buffer_(sizeof kMagic + kMostBytes) {}

Status Channel::send(std::span<const std::byte> bytes, int descriptor) {
  if (bytes.size() > kMostBytes)
    return {Code::kInvalidArgument,
            "a message of " + std::to_string(bytes.size()) + " bytes to a device is too long"};
  uint32_t magic = kMagic;
  iovec parts[] = {{&magic, sizeof magic}, {const_cast<std::byte*>(bytes.data()), bytes.size()}};
  msghdr header{};
  header.msg_iov = parts;
  header.msg_iovlen = 2;
  alignas(cmsghdr) ControlBytes control{};
  if (descriptor >= 0) {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
  }
  while (sendmsg(socket_.get(), &header, MSG_NOSIGNAL) < 0)
    if (errno != EINTR) return socket_status(errno, "write to");
  return {};
}

// In slices, so that a process that was stopped and goes on again asks once more
// before it gives up.
Result<bool> Channel::wait(std::chrono::milliseconds timeout) {
  while (true) {
    const auto slice = std::min(timeout, kSlice);
    pollfd wanted = {socket_.get(), POLLIN, 0};
    const int ready = poll(&wanted, 1, static_cast<int>(slice.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return socket_status(errno, "wait for");
    if (ready == 0) timeout -= slice;
    if (timeout.count() <= 0) return false;
  }
}

Result<Message> Channel::receive() {
  iovec part = {buffer_.data(), buffer_.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) ControlBytes control{};
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t received = 0;
  while ((received = recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC)) < 0)
    if (errno != EINTR) return socket_status(errno, "read from");
  Message message;
  const cmsghdr* rights = CMSG_FIRSTHDR(&header);
  if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(rights), sizeof descriptor);
    message.descriptor = Descriptor(descriptor);
  }
  if (received == 0) return closed();
  if ((header.msg_flags & MSG_TRUNC) != 0)
    return Status(Code::kCorrupt, "a message of more than " + std::to_string(kMostBytes) +
                                      " bytes came from the other end");
  if ((header.msg_flags & MSG_CTRUNC) != 0)
    return Status(Code::kCorrupt, "a descriptor that came with a message was lost");
  const auto size = static_cast<size_t>(received);
  uint32_t magic = 0;
  if (size >= sizeof magic) std::memcpy(&magic, buffer_.data(), sizeof magic);
  if (magic != kMagic) return Status(Code::kCorrupt, "what came from the other end is no message");
  message.bytes = std::span<const std::byte>(buffer_).subspan(sizeof magic, size - sizeof magic);
  return message;
}

void Channel::wait_for_close(int socket) {
  pollfd wanted = {socket, 0, 0};  // POLLHUP needs no asking
  while ((wanted.revents & (POLLHUP | POLLERR | POLLNVAL)) == 0) (void)poll(&wanted, 1, -1);
}

}  // namespace quarry::isolated
