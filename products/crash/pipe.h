// The words between a process that crashes and the one that reports it: lines "name=value", written
// with nothing but write(2).

#pragma once

#include <cstddef>
#include <cstdint>

namespace dd::crash {

inline constexpr char kReceiverOption[] = "--dd-crash-report";

class Line {  // into a descriptor, without memory of its own
 public:
  explicit Line(int file) : file_(file) {}
  Line& text(const char* text);
  Line& hex(std::uint64_t value);  // 0x and at least one digit
  Line& decimal(std::int64_t value);
  void end();  // writes it

 private:
  void add(char c) {
    if (size_ < sizeof room_ - 1) room_[size_++] = c;
  }
  const int file_;
  std::size_t size_ = 0;
  char room_[512];
};

bool write_bytes(int file, const char* bytes, std::size_t size);
// A file of /proc, whole.
void copy_file(const char* path, int to);

struct Receiver {
  int file = -1;  // to write to
  int process = -1;
};
// Starts this program again with kReceiverOption, its standard input a pipe. Safe in a signal
// handler: runs no handler of forks and sends no SIGCHLD.
Receiver start_receiver();
// Ends the words and waits for the receiver, at most so long.
void finish(const Receiver& receiver, int timeout_ms);

}  // namespace dd::crash
