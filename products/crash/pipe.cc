#include "products/crash/pipe.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/own_file.h"

namespace dd::crash {

Line& Line::text(const char* text) {
  for (; *text != 0; ++text) add(*text == '\n' ? ' ' : *text);
  return *this;
}

Line& Line::hex(std::uint64_t value) {
  char digits[16];
  int count = 0;
  do digits[count++] = "0123456789abcdef"[value & 15];
  while ((value >>= 4) != 0);
  add('0');
  add('x');
  while (count > 0) add(digits[--count]);
  return *this;
}

Line& Line::decimal(std::int64_t value) {
  if (value < 0) add('-');
  std::uint64_t rest =
      value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  char digits[20];
  int count = 0;
  do digits[count++] = static_cast<char>('0' + rest % 10);
  while ((rest /= 10) != 0);
  while (count > 0) add(digits[--count]);
  return *this;
}

void Line::end() {
  room_[size_++] = '\n';
  write_bytes(file_, room_, size_);
  size_ = 0;
}

bool write_bytes(int file, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t written = write(file, bytes, size);
    if (written <= 0) return false;
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

void copy_file(const char* path, int to) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  char room[1024];
  for (ssize_t got; (got = read(file, room, sizeof room)) > 0;)
    if (!write_bytes(to, room, static_cast<std::size_t>(got))) break;
  close(file);
}

Receiver start_receiver() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {};
  // No exit signal: the application hears nothing of this child.
  const long child = syscall(SYS_clone, 0, nullptr, nullptr, nullptr, nullptr);
  if (child == 0) {
    dup2(ends[0], 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    base::become_own_copy(kReceiverOption);
  }
  close(ends[0]);
  if (child < 0) {
    close(ends[1]);
    return {};
  }
  return {ends[1], static_cast<int>(child)};
}

void finish(const Receiver& receiver, int timeout_ms) {
  close(receiver.file);
  for (int waited_ms = 0; waited_ms < timeout_ms; waited_ms += 2) {
    if (waitpid(receiver.process, nullptr, WNOHANG | __WALL) != 0) return;
    const timespec pause{0, 2'000'000};
    nanosleep(&pause, nullptr);
  }
}

}  // namespace dd::crash
