#include "core/transport/heir.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/own_file.h"
#include "core/transport/connection.h"
#include "core/transport/estate.h"

namespace dd::transport {
namespace {

constexpr char kHeirOption[] = "--dd-heir";
enum HeirFile { kMemoryFile = 3, kAliveFile, kProcessFile, kFirstOtherFile };  // its descriptors
constexpr int kHeirAttempts = 8;
constexpr std::int64_t kHeirAttemptNs = 5'000'000'000;
constexpr unsigned kHeirLifeSeconds = 60;  // once the process is gone

constexpr std::size_t kStackBytes = 32 << 10;

struct Start {
  int memory, alive, process;
  alignas(16) char stacks[2][kStackBytes];
};
constinit Start* current_start = nullptr;  // as long as the process: nobody tells when it is unused
constinit int starter = 0;

// These two run in the memory of the parent, beside its threads.
int become_heir(void* of) {
  const Start& start = *static_cast<const Start*>(of);
  // First above the places, so that none overwrites another.
  const int memory = fcntl(start.memory, F_DUPFD, kFirstOtherFile);
  const int alive = fcntl(start.alive, F_DUPFD, kFirstOtherFile);
  const int process = start.process < 0 ? -1 : fcntl(start.process, F_DUPFD, kFirstOtherFile);
  dup2(memory, kMemoryFile);
  dup2(alive, kAliveFile);
  if (process < 0 || dup2(process, kProcessFile) < 0) close(kProcessFile);
  base::become_own_copy(kHeirOption);
}

// execve makes a child one that wait() sees; one whose parent is gone is init's.
int leave_heir_behind(void* of) {
  clone(&become_heir, static_cast<Start*>(of)->stacks[1] + kStackBytes, CLONE_VM | CLONE_VFORK, of);
  syscall(SYS_exit_group, 0);
  return 0;
}

bool inherits_orphans() {
  int subreaper = 0;
  return getpid() == 1 || (prctl(PR_GET_CHILD_SUBREAPER, &subreaper) == 0 && subreaper != 0);
}

void let_go_of_everything_else() {
  if (const int nowhere = open("/dev/null", O_RDWR); nowhere >= 0)
    for (const int file : {0, 1, 2}) dup2(nowhere, file);
  if (syscall(SYS_close_range, kFirstOtherFile, ~0u, 0) != 0)
    for (int file = kFirstOtherFile; file < 65536; ++file) close(file);
  (void)!chdir("/");
  setsid();
  prctl(PR_SET_NAME, "dd-heir");
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

void wait_for_the_end() {
  pollfd ends[] = {{kAliveFile, 0, 0}, {kProcessFile, POLLIN, 0}};
  for (;;) {
    if (poll(ends, 2, -1) < 0 && errno != EINTR) return;
    if (ends[0].revents != 0) return;
    if (ends[1].revents & POLLIN) return;
    if (ends[1].revents != 0) ends[1].fd = -1;  // no such descriptor: the pipe alone tells
  }
}

// "target\nName: value\n..."
void read_request(std::string_view text, std::string& target, Headers& headers) {
  const auto line = [&text] {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view out = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return out;
  };
  target = line();
  while (!text.empty()) {
    const std::string_view header = line();
    const std::size_t colon = header.find(": ");
    if (colon != header.npos)
      headers.emplace_back(header.substr(0, colon), header.substr(colon + 2));
  }
}

bool worth_another_attempt(int status) { return status >= 500 || status == 408 || status == 429; }

void send(const Address& address, const std::string& target, const Headers& headers,
          std::string_view body) {
  timespec pause{0, 100'000'000};
  for (int attempt = 0; attempt < kHeirAttempts; ++attempt) {
    const auto connection = make_connection(address);
    const std::int64_t until = base::monotonic_ns() + kHeirAttemptNs;
    connection->start({.method = "POST", .target = target, .headers = {&headers}, .body = body},
                      until);
    const Progress end = perform(*connection);
    if (end == Progress::kDone && !worth_another_attempt(connection->response().status)) return;
    if (base::monotonic_ns() >= until) return;  // it may be slow, and would have it twice
    nanosleep(&pause, nullptr);
    const std::int64_t longer = (pause.tv_sec * 1'000'000'000 + pause.tv_nsec) * 2;
    pause = {longer / 1'000'000'000, longer % 1'000'000'000};
  }
}

void send_slot(const Address& address, const estate::Head& head, int number) {
  const estate::Slot& slot = head.slots[number];
  const estate::Record& record = slot.records[slot.valid.load(std::memory_order_acquire) & 1];
  if (record.chunks == 0 || slot.handed_over.load(std::memory_order_acquire)) return;
  const char* const memory = reinterpret_cast<const char*>(&head);
  std::string body(record.lead, std::min<std::size_t>(record.lead_size, sizeof record.lead));
  for (int i = 0; i < 2; ++i) {
    if (record.bytes[i] > head.area_bytes) return;
    if (i == 1)
      body.append(record.middle, std::min<std::size_t>(record.middle_size, sizeof record.middle));
    body.append(memory + estate::area_at(head, number, i), record.bytes[i]);
  }
  std::string target;
  Headers headers;
  read_request(slot.request, target, headers);
  headers.emplace_back("X-Datadog-Trace-Count", std::to_string(record.chunks));
  send(address, target, headers, body);
}

}  // namespace

bool start_heir(int memory, int alive) {
  if (inherits_orphans()) {
    errno = EPERM;
    return false;
  }
  delete current_start;  // an ancestor's
  current_start = new Start;
  Start& start = *current_start;
  start.memory = memory;
  start.alive = alive;
  start.process = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
  // No exit signal: the application hears nothing of this child.
  starter = clone(&leave_heir_behind, start.stacks[0] + kStackBytes, CLONE_VM, &start);
  if (start.process >= 0) close(start.process);
  return starter > 0;
}

void reap_starter() {
  if (starter > 0 && waitpid(starter, nullptr, WNOHANG | __WALL) != 0) starter = 0;
}

bool is_heir(int argc, char** argv) {
  return argc == 2 && std::string_view(argv[1]) == kHeirOption;
}

int run_heir() {
  let_go_of_everything_else();
  struct stat info;
  if (fstat(kMemoryFile, &info) != 0) return 1;
  const auto bytes = static_cast<std::size_t>(info.st_size);
  if (bytes < estate::kHeadBytes) return 1;
  void* const at = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, kMemoryFile, 0);
  if (at == MAP_FAILED) return 1;
  const auto& head = *static_cast<const estate::Head*>(at);
  wait_for_the_end();
  alarm(kHeirLifeSeconds);
  if (head.magic != estate::kMagic || estate::bytes_of(head) > bytes) return 1;
  const Result<Address> address = parse_agent_url(head.url);
  if (!address.ok()) return 1;
  for (const int slot : {0, 1}) send_slot(address.value(), head, slot);
  return 0;
}

}  // namespace dd::transport
