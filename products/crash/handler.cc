#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>

#include "core/base/running.h"
#include "products/crash/crash.h"
#include "products/crash/pipe.h"

namespace dd::crash {
namespace {

constinit config::Setting<bool> enabled({.env = "DD_CRASHTRACKING_ENABLED",
                                         .fallback = "true",
                                         .words = config::Words::kYes});
constinit config::Setting<bool> errors_intake({.env = "DD_CRASHTRACKING_ERRORS_INTAKE_ENABLED",
                                               .fallback = "true",
                                               .words = config::Words::kYes});
constinit config::Setting<bool> create_stack({.env = "DD_CRASHTRACKING_CREATE_ALT_STACK",
                                              .fallback = "true",
                                              .words = config::Words::kYes});
constinit config::Setting<bool> use_stack({.env = "DD_CRASHTRACKING_USE_ALT_STACK",
                                           .fallback = "true",
                                           .words = config::Words::kYes});
constinit config::Setting<bool> wait_for_receiver({.env = "DD_CRASHTRACKING_WAIT_FOR_RECEIVER",
                                                   .fallback = "true",
                                                   .words = config::Words::kYes});
constinit config::Setting<bool> all_threads({.env = "DD_CRASHTRACKING_COLLECT_ALL_THREADS",
                                             .fallback = "true",
                                             .words = config::Words::kYes});
constinit config::Setting<std::int64_t> max_threads({.env = "DD_CRASHTRACKING_MAX_THREADS",
                                                     .fallback = "128"});
constinit config::TextSetting more_tags({.env = "DD_CRASHTRACKING_TAGS"});
constinit config::SettingBase* const kSettings[] = {&enabled,     &errors_intake,     &create_stack,
                                                    &use_stack,   &wait_for_receiver, &all_threads,
                                                    &max_threads, &more_tags};

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGABRT};
constexpr int kMaxFrames = 256;
constexpr int kTimeoutMs = 5000;
constexpr std::size_t kStackBytes = 128 << 10;

struct Frames {
  int count = 0;
  std::uint64_t ip[kMaxFrames] = {}, sp[kMaxFrames] = {};
};

// All of it is made before anything crashes.
constinit struct sigaction before[4] = {};
constinit std::atomic<const std::string*> head{nullptr};  // lines; versions are kept
constinit char runtime_id[40] = {};  // beside the lines: a forked child has its own
constinit Runtime language;
constinit bool makes_stacks = false;
constinit std::atomic<int> crashing{0};  // the thread
constinit int first_signal = 0;
constinit Frames crashed_frames, other_frames;
constinit std::uint64_t other_start = 0;
constinit std::atomic<int> other_state{0};  // 0: nobody asks, else the thread asked, negative: done

_Unwind_Reason_Code add_frame(_Unwind_Context* context, void* data) {
  auto& frames = *static_cast<Frames*>(data);
  if (frames.count == kMaxFrames) return _URC_END_OF_STACK;
  frames.ip[frames.count] = _Unwind_GetIP(context);
  frames.sp[frames.count] = _Unwind_GetCFA(context);
  ++frames.count;
  return _URC_NO_REASON;
}

std::uint64_t interrupted_at(void* context) {
  const auto* const registers = &static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return static_cast<std::uint64_t>(registers->gregs[REG_RIP]);
#elif defined(__aarch64__)
  return registers->pc;
#endif
}

// From the interrupted instruction on, without the handler above it.
void write_frames(int file, const char* word, const Frames& frames, std::uint64_t start) {
  int first = 0;
  while (first < frames.count && frames.ip[first] != start) ++first;
  if (first == frames.count) {
    Line(file).text(word).hex(start).text(" ").hex(0).end();
    first = std::min(frames.count, 2);
  }
  for (int i = first; i < frames.count; ++i)
    Line(file).text(word).hex(frames.ip[i]).text(" ").hex(frames.sp[i]).end();
}

void write_registers(int file, void* context) {
#if defined(__x86_64__)
  static constexpr struct {
    const char* name;
    int index;
  } kRegisters[] = {{"rip", REG_RIP}, {"rsp", REG_RSP}, {"rbp", REG_RBP}, {"rax", REG_RAX},
                    {"rbx", REG_RBX}, {"rcx", REG_RCX}, {"rdx", REG_RDX}, {"rsi", REG_RSI},
                    {"rdi", REG_RDI}, {"r8", REG_R8},   {"r9", REG_R9},   {"r10", REG_R10},
                    {"r11", REG_R11}, {"r12", REG_R12}, {"r13", REG_R13}, {"r14", REG_R14},
                    {"r15", REG_R15}};
  const auto& values = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  for (const auto& one : kRegisters)
    Line(file)
        .text("register=")
        .text(one.name)
        .text(" ")
        .hex(static_cast<std::uint64_t>(values[one.index]))
        .end();
#else
  Line(file).text("register=pc ").hex(interrupted_at(context)).end();
#endif
}

int thread_id() { return static_cast<int>(syscall(SYS_gettid)); }

// Another thread tells where it is.
void on_question(int, siginfo_t*, void* context) {
  const int saved = errno;
  int self = thread_id();
  if (other_state.load() == self) {
    other_frames.count = 0;
    other_start = interrupted_at(context);
    _Unwind_Backtrace(&add_frame, &other_frames);
    other_state.compare_exchange_strong(self, -self);
  }
  errno = saved;
  // Their work is over: only the crashing thread may go on.
  const timespec long_pause{10, 0};
  nanosleep(&long_pause, nullptr);
}

void thread_name(int thread, char (&name)[64]) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/comm", thread);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t size = file < 0 ? 0 : read(file, name, sizeof name - 1);
  if (file >= 0) close(file);
  name[size > 0 ? size - 1 : 0] = 0;
}

// "S" and the like, before it is asked: the question wakes it.
void thread_state(int thread, char (&state)[2]) {
  char path[64], text[128];
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t size = file < 0 ? 0 : read(file, text, sizeof text - 1);
  if (file >= 0) close(file);
  text[size > 0 ? size : 0] = 0;
  const char* const end_of_name = strrchr(text, ')');
  state[0] = end_of_name != nullptr && end_of_name[1] == ' ' ? end_of_name[2] : '?';
  state[1] = 0;
}

void write_other_thread(int file, int thread, int question) {
  char name[64], state[2];
  thread_name(thread, name);
  thread_state(thread, state);
  Line(file).text("thread=").decimal(thread).text(" ").text(state).text(" ").text(name).end();
  other_state.store(thread);
  if (syscall(SYS_tgkill, getpid(), thread, question) != 0) return;
  for (int waited = 0; waited < 50 && other_state.load() == thread; ++waited) {
    const timespec pause{0, 1'000'000};
    nanosleep(&pause, nullptr);
  }
  // A thread that blocks every signal is asked in vain.
  int expected = thread;
  if (other_state.compare_exchange_strong(expected, 0)) return;
  write_frames(file, "frame=", other_frames, other_start);
}

void write_other_threads(int file) {
  const int question = SIGRTMAX - 1;
  struct sigaction ask = {};
  ask.sa_sigaction = &on_question;
  ask.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigfillset(&ask.sa_mask);
  if (sigaction(question, &ask, nullptr) != 0) return;
  const int folder = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  alignas(8) char room[2048];
  std::int64_t left = max_threads.get();
  for (long size; (size = syscall(SYS_getdents64, folder, room, sizeof room)) > 0;) {
    for (long at = 0; at < size;) {
      const char* const entry = room + at;
      std::uint16_t length;
      memcpy(&length, entry + 16, sizeof length);
      at += length;
      int thread = 0;
      for (const char* digit = entry + 19; *digit >= '0' && *digit <= '9'; ++digit)
        thread = thread * 10 + (*digit - '0');
      if (thread != 0 && thread != crashing.load() && left-- > 0)
        write_other_thread(file, thread, question);
    }
  }
  close(folder);
}

void report(int number, const siginfo_t* info, void* context) {
  const std::string* const lines = head.load(std::memory_order_acquire);
  const Receiver receiver = start_receiver();
  if (receiver.file < 0) return;
  const int file = receiver.file;
  write_bytes(file, lines->data(), lines->size());
  Line(file).text("runtime_id=").text(runtime_id).end();
  Line(file)
      .text("signal=")
      .decimal(number)
      .text(" ")
      .decimal(info->si_code)
      .text(" ")
      .hex(reinterpret_cast<std::uint64_t>(info->si_addr))
      .end();
  char name[64] = {};
  prctl(PR_GET_NAME, name);
  Line(file)
      .text("process=")
      .decimal(getpid())
      .text(" ")
      .decimal(thread_id())
      .text(" ")
      .text(name)
      .end();
  if (const char* const product = base::running_product())
    Line(file).text("product=").text(product).end();
  Line(file).text("ping").end();
  write_registers(file, context);
  // Maps first: the rest may go wrong, and addresses mean nothing without them.
  Line(file).text("maps").end();
  copy_file("/proc/self/maps", file);
  Line(file).text("end of maps").end();
  Line(file).text("crashed").end();
  crashed_frames.count = 0;
  _Unwind_Backtrace(&add_frame, &crashed_frames);
  write_frames(file, "frame=", crashed_frames, interrupted_at(context));
  if (language.dump != nullptr) {
    Line(file).text("runtime").end();
    language.dump(file);
    Line(file).text("end of runtime").end();
  }
  std::uint64_t trace_high = 0, trace_low = 0, span = 0;
  if (language.active != nullptr && language.active(trace_high, trace_low, span))
    Line(file).text("active=").hex(trace_high).text(" ").hex(trace_low).text(" ").hex(span).end();
  if (all_threads.get()) write_other_threads(file);
  Line(file).text("complete").end();
  finish(receiver, wait_for_receiver.get() ? kTimeoutMs : 0);
}

void die_as_before(int number, const siginfo_t* info) {
  const auto at = std::find(std::begin(kSignals), std::end(kSignals), number);
  sigaction(number, &before[at - std::begin(kSignals)], nullptr);
  // A fault comes again by itself when the instruction is tried again.
  if (info->si_code <= 0) syscall(SYS_tgkill, getpid(), thread_id(), number);
}

void on_crash(int number, siginfo_t* info, void* context) {
  const int saved = errno;
  int nobody = 0;
  if (!crashing.compare_exchange_strong(nobody, thread_id())) {
    if (nobody != thread_id()) {
      const timespec long_pause{10, 0};
      nanosleep(&long_pause, nullptr);  // the first one ends the process
    } else {
      // We crashed ourselves: the process dies of what it was about to die of.
      struct sigaction plain = {};
      plain.sa_handler = SIG_DFL;
      sigaction(first_signal, &plain, nullptr);
      syscall(SYS_tgkill, getpid(), thread_id(), first_signal);
    }
    return;
  }
  first_signal = number;
  report(number, info, context);
  die_as_before(number, info);
  errno = saved;
}

// Null: there is one already, or no memory.
void* make_alternate_stack() {
  stack_t now = {};
  if (sigaltstack(nullptr, &now) != 0 || !(now.ss_flags & SS_DISABLE)) return nullptr;
  void* const memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  const stack_t wanted{.ss_sp = memory, .ss_flags = 0, .ss_size = kStackBytes};
  sigaltstack(&wanted, nullptr);
  return memory;
}

void go_in_front(bool (*of)(const struct sigaction&)) {
  struct sigaction ours = {}, now = {};
  ours.sa_sigaction = &on_crash;
  ours.sa_flags = SA_SIGINFO | SA_NODEFER | (use_stack.get() ? SA_ONSTACK : 0);
  sigfillset(&ours.sa_mask);
  for (const int number : kSignals) sigdelset(&ours.sa_mask, number);
  for (std::size_t i = 0; i < std::size(kSignals); ++i)
    if (sigaction(kSignals[i], nullptr, &now) == 0 && of(now)) {
      before[i] = now;
      sigaction(kSignals[i], &ours, nullptr);
    }
}

bool is_of_uwsgi(const struct sigaction& now) {
  Dl_info file;
  return dladdr(reinterpret_cast<void*>(now.sa_handler), &file) != 0 && file.dli_fname != nullptr &&
         strstr(file.dli_fname, "uwsgi") != nullptr;
}

// One line of a report; what would end it early is left out.
void add(std::string& out, const char* name, std::string_view value) {
  out.append(name).append("=");
  for (const char c : value)
    if (c != '\n' && c != '\r' && c != 0) out += c;
  out += '\n';
}

}  // namespace

std::span<config::SettingBase* const> settings() { return kSettings; }
bool wanted() { return enabled.get(); }

void set_runtime_id(std::string_view id) {
  const std::size_t size = id.copy(runtime_id, sizeof runtime_id - 1);
  runtime_id[size] = 0;
}

void set_facts(const Facts& facts) {
  set_runtime_id(facts.runtime_id);
  std::string lines;
  add(lines, "service", facts.service);
  add(lines, "env", facts.env);
  add(lines, "version", facts.version);
  add(lines, "process_tags", facts.process_tags);
  add(lines, "language_version", facts.language_version);
  add(lines, "tracer_version", facts.tracer_version);
  add(lines, "agent_url", facts.agent_url);
  add(lines, "platform", facts.platform);
  add(lines, "version_of_program", facts.version_of_program);
  add(lines, "state_folder", facts.state_folder);
  add(lines, "started_as", facts.started_as);
  add(lines, "tags", more_tags.get());
  add(lines, "errors_intake", errors_intake.get() ? "1" : "0");
  head.store(new std::string(std::move(lines)), std::memory_order_release);
}

AlternateStack::AlternateStack() {
  if (makes_stacks) memory_ = make_alternate_stack();
}

AlternateStack::~AlternateStack() {
  if (memory_ == nullptr) return;
  stack_t now = {};
  if (sigaltstack(nullptr, &now) == 0 && now.ss_sp == memory_) {
    const stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
    sigaltstack(&none, nullptr);
  }
  munmap(memory_, kStackBytes);
}

void install(const Facts& facts, const Runtime& runtime) {
  set_facts(facts);
  language = runtime;
  makes_stacks = use_stack.get() && create_stack.get();
  if (makes_stacks) (void)make_alternate_stack();
  go_in_front([](const struct sigaction&) { return true; });
}

void return_to_front() { go_in_front(&is_of_uwsgi); }

void report_exception(const std::string& type, const std::string& message,
                      const std::vector<Frame>& frames) {
  const std::string* const lines = head.load(std::memory_order_acquire);
  if (lines == nullptr) return;
  const Receiver receiver = start_receiver();
  if (receiver.file < 0) return;
  std::string text = *lines;
  add(text, "runtime_id", runtime_id);
  add(text, "exception", type);
  add(text, "message", message.substr(0, 4096));
  char name[64] = {};
  prctl(PR_GET_NAME, name);
  add(text, "process", std::to_string(getpid()) + " " + std::to_string(thread_id()) + " " + name);
  text += "ping\ncrashed\n";
  for (const Frame& frame : frames)
    add(text, "pyframe", std::to_string(frame.line) + " " + frame.function + "\t" + frame.file);
  text += "complete\n";
  struct sigaction ignore = {}, saved = {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &saved);
  write_bytes(receiver.file, text.data(), text.size());
  sigaction(SIGPIPE, &saved, nullptr);
  finish(receiver, wait_for_receiver.get() ? 500 : 0);
}

}  // namespace dd::crash
