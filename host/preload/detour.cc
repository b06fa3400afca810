#include "host/preload/detour.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdint>

namespace dd::host::preload {
namespace {

using Address = std::uintptr_t;

#if defined(__x86_64__)
constexpr std::size_t kBranch = 5;  // jmp rel32
constexpr Address kReach = 0x7ff0'0000;

// The size of an instruction of a function's beginning that means the same anywhere, or 0.
std::size_t movable(const unsigned char* at) {
  constexpr unsigned char kEndbr[] = {0xf3, 0x0f, 0x1e, 0xfa};
  constexpr unsigned char kFrame[] = {0x48, 0x89, 0xe5};     // mov %rsp,%rbp
  constexpr unsigned char kRoom[] = {0x48, 0x83, 0xec};      // sub $imm8,%rsp
  constexpr unsigned char kMoreRoom[] = {0x48, 0x81, 0xec};  // sub $imm32,%rsp
  if ((at[0] & 0xf8) == 0x50) return 1;                      // push
  if (at[0] == 0x41 && (at[1] & 0xf8) == 0x50) return 2;
  if (memcmp(at, kEndbr, sizeof kEndbr) == 0) return sizeof kEndbr;
  if (memcmp(at, kFrame, sizeof kFrame) == 0) return sizeof kFrame;
  if (memcmp(at, kRoom, sizeof kRoom) == 0) return sizeof kRoom + 1;
  if (memcmp(at, kMoreRoom, sizeof kMoreRoom) == 0) return sizeof kMoreRoom + 4;
  return 0;
}

void write_branch(unsigned char* room, Address from, Address to) {
  const auto distance = static_cast<std::int32_t>(to - (from + kBranch));
  room[0] = 0xe9;
  memcpy(room + 1, &distance, sizeof distance);
}

std::size_t write_far_jump(unsigned char* room, Address to) {
  constexpr unsigned char kJump[] = {0xff, 0x25, 0, 0, 0, 0};  // jmp *0(%rip)
  memcpy(room, kJump, sizeof kJump);
  memcpy(room + sizeof kJump, &to, sizeof to);
  return sizeof kJump + sizeof to;
}
#elif defined(__aarch64__)
constexpr std::size_t kBranch = 4;  // b
constexpr Address kReach = 0x7f0'0000;

std::size_t movable(const unsigned char* at) {
  std::uint32_t word;
  memcpy(&word, at, sizeof word);
  const bool hint = (word & 0xfffff01f) == 0xd503201f;         // paciasp, bti
  const bool pair_stored = (word & 0xffc00000) == 0xa9800000;  // stp ..., [sp, #-n]!
  const bool room = (word & 0xff8003ff) == 0xd10003ff;         // sub sp, sp, #n
  return hint || pair_stored || room ? sizeof word : 0;
}

void write_branch(unsigned char* room, Address from, Address to) {
  const auto distance = static_cast<std::int64_t>(to - from) / 4;
  const std::uint32_t word = 0x14000000u | (static_cast<std::uint32_t>(distance) & 0x03ffffff);
  memcpy(room, &word, sizeof word);
}

std::size_t write_far_jump(unsigned char* room, Address to) {
  constexpr std::uint32_t kJump[] = {0x58000050, 0xd61f0200};  // ldr x16, .+8; br x16
  memcpy(room, kJump, sizeof kJump);
  memcpy(room + sizeof kJump, &to, sizeof to);
  return sizeof kJump + sizeof to;
}
#endif

unsigned char* page_at(Address at, std::size_t size) {
  void* const page = mmap(reinterpret_cast<void*>(at), size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (page == reinterpret_cast<void*>(at)) return static_cast<unsigned char*>(page);
  if (page != MAP_FAILED) munmap(page, size);  // a kernel older than the flag
  return nullptr;
}

// A page that a branch at `near` reaches, or null. Just below the object of `near` there is room
// nearly always, and each place that is taken costs a system call to find out.
unsigned char* page_near(Address near, Address object, std::size_t size) {
  constexpr Address kStep = 0x10000;
  const Address start = near & ~(kStep - 1);
  unsigned char* page = nullptr;
  for (Address below = object & ~(kStep - 1); page == nullptr && below >= 2 * kStep;) {
    below -= kStep;
    if (near - below >= kReach || object - below > 16 * kStep) break;
    page = page_at(below, size);
  }
  for (Address distance = kStep; page == nullptr && distance < kReach; distance += kStep) {
    if (distance < start) page = page_at(start - distance, size);
    if (page == nullptr) page = page_at(start + distance, size);
  }
  return page;
}

}  // namespace

Memory::~Memory() {
  if (file_ >= 0) close(file_);
}

bool Memory::write(void* at, const void* bytes, std::size_t size) {
  if (file_ == kUnopened) file_ = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  return file_ >= 0 &&
         pwrite(file_, bytes, size, reinterpret_cast<off_t>(at)) == static_cast<ssize_t>(size);
}

void* detour(Memory& memory, void* function, void* ours, const void* object) {
  const auto* const code = static_cast<const unsigned char*>(function);
  std::size_t moved = 0;
  while (moved < kBranch) {
    const std::size_t size = movable(code + moved);
    if (size == 0) return nullptr;
    moved += size;
  }
  const auto entry = reinterpret_cast<Address>(function);
  const auto page_size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  unsigned char* const page = page_near(entry, reinterpret_cast<Address>(object), page_size);
  if (page == nullptr) return nullptr;
  // A jump to ours; then what the function began with, and a jump to its rest.
  unsigned char* const original = page + write_far_jump(page, reinterpret_cast<Address>(ours));
  memcpy(original, code, moved);
  (void)write_far_jump(original + moved, entry + moved);
  unsigned char branch[kBranch];
  write_branch(branch, entry, reinterpret_cast<Address>(page));
  if (mprotect(page, page_size, PROT_READ | PROT_EXEC) != 0 ||
      !memory.write(function, branch, sizeof branch)) {
    munmap(page, page_size);
    return nullptr;
  }
  __builtin___clear_cache(static_cast<char*>(function), static_cast<char*>(function) + kBranch);
  return original;
}

}  // namespace dd::host::preload
