// sender URL COMMAND...: an exporter driven from the command line, for exporter_test.py.
//   send N      accepts N traces of two spans        v04        v0.4 instead of v0.5 (first)
//   flush MS    flushes                              sleep MS   does nothing
//   fork        the child sends 3 traces and exits   closefds   closes every descriptor above 2
//   exit MS     shuts down, prints the statistics
//   ask URL N   submits N requests to a destination of its own
//   wait MS     for every destination: waits, prints answered, failed, dropped
//   tick MS     a timer that submits a request to the first destination, and one at the end
//   forkask     the child submits one request to the first destination, waits and exits

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <thread>

#include "core/base/clock.h"
#include "core/config/setting.h"
#include "core/transport/destination.h"
#include "core/transport/exporter.h"
#include "tests/fakes/made_trace.h"

namespace {

using dd::transport::Drop;
using dd::transport::Exporter;

const dd::trace::ProcessFacts& facts() {
  static const dd::trace::ProcessFacts kFacts{.service = "shop", .pid = 42, .revision = 1};
  return kFacts;
}

void send(Exporter& exporter, int count) {
  static dd::fakes::MadeTrace* const made = [] {
    auto* one = new dd::fakes::MadeTrace;
    one->tag(one->span("root", 1), "http.url", "http://localhost/a/b");
    one->span("child", 2, 1);
    return one;
  }();
  static auto* const sent = new std::deque<dd::trace::Delivery>;
  for (int i = 0; i < count; ++i) exporter.accept(&sent->emplace_back(made->delivery()));
}

std::deque<std::unique_ptr<dd::transport::Destination>> destinations;
std::atomic<unsigned> replies{0};

void ask(dd::transport::Destination& destination, const char* target) {
  destination.submit({.target = target, .headers = {{"X-Test", "yes"}}, .body = "body"},
                     [](const dd::transport::Reply&) { ++replies; });
}

void print_destination(const dd::transport::Destination& destination, bool clean) {
  const auto s = destination.stats();
  std::printf("%s %lu answered %lu failed %lu dropped %lu pending\n", clean ? "clean" : "left",
              s.answered, s.failed, s.dropped, s.pending);
}

long resident_kb() {
  long pages = 0;
  if (FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

void report(const Exporter& exporter, std::int64_t exit_ns) {
  const dd::transport::Stats s = exporter.stats();
  std::printf(
      "{\"accepted\": %lu, \"sent\": %lu, \"dropped\": %lu, \"pending\": %lu, \"spans_accepted\": "
      "%lu, "
      "\"spans_sent\": %lu, \"spans_dropped\": %lu, \"requests\": %lu, \"failures\": %lu, "
      "\"rejected\": %lu, \"unanswered\": %lu, \"spilled\": %lu, \"exit_ms\": %.1f, "
      "\"resident_kb\": %ld}\n",
      s.accepted.traces, s.sent.traces, s.dropped_in_all().traces, s.pending.traces,
      s.accepted.spans, s.sent.spans, s.dropped_in_all().spans, s.requests, s.failures,
      s.dropped[static_cast<int>(Drop::kRejected)].traces,
      s.dropped[static_cast<int>(Drop::kUnanswered)].traces,
      s.dropped[static_cast<int>(Drop::kSpilled)].traces, static_cast<double>(exit_ns) / 1e6,
      resident_kb());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  dd::config::load_environment(environ);
  dd::transport::Options options{.url = argv[1], .facts = facts};
  options.headers = {{"Datadog-Meta-Lang", "python"}, {"Datadog-Meta-Tracer-Version", "4.16.0"}};
  int at = 2;
  if (std::string(argv[at]) == "v04") {
    options.v05 = false;
    ++at;
  }
  if (const char* const directory = std::getenv("SPILL"))
    options.spill = new dd::transport::Spill(directory, 8 << 20);
  auto made = Exporter::make(options);
  if (!made.ok()) {
    std::printf("%s\n", made.status().message().c_str());
    return 4;
  }
  Exporter& exporter = *made.value();
  for (; at < argc; ++at) {
    const std::string command = argv[at];
    const int number = at + 1 < argc ? std::atoi(argv[at + 1]) : 0;
    if (command == "send") {
      send(exporter, number);
      ++at;
    } else if (command == "spread") {  // from four threads
      std::deque<std::thread> threads;
      static auto* const made_trace = new dd::fakes::MadeTrace;
      if (made_trace->delivery().count == 0)
        made_trace->span("root", 1), made_trace->span("child", 2, 1);
      for (int i = 0; i < 4; ++i)
        threads.emplace_back([&exporter, number] {
          auto* const sent = new std::deque<dd::trace::Delivery>;
          for (int k = 0; k < number; ++k)
            exporter.accept(&sent->emplace_back(made_trace->delivery()));
        });
      for (std::thread& thread : threads) thread.join();
      ++at;
    } else if (command == "flush") {
      std::printf("%s\n", exporter.flush(number * 1'000'000LL) ? "clean" : "left");
      ++at;
    } else if (command == "sleep") {
      usleep(static_cast<useconds_t>(number) * 1000);
      ++at;
    } else if (command == "fork") {
      std::fflush(stdout);
      const pid_t child = fork();
      if (child == 0) {
        send(exporter, 3);
        exporter.flush(2'000'000'000);
        dd::transport::Worker::get().shutdown(2'000'000'000);
        const auto s = exporter.stats();
        _exit(s.accepted.traces == 3 && s.sent.traces + s.dropped_in_all().traces == 3 ? 0 : 1);
      }
      int status = 0;
      waitpid(child, &status, 0);
      std::printf("child %d\n", status);
    } else if (command == "ask") {
      destinations.push_back(
          dd::transport::Destination::make(argv[at + 1], {.max_requests = 16}).value());
      for (int i = 0; i < std::atoi(argv[at + 2]); ++i) ask(*destinations.back(), "/asked");
      at += 2;
    } else if (command == "wait") {
      for (const auto& destination : destinations)
        print_destination(*destination, destination->wait(number * 1'000'000LL));
      ++at;
    } else if (command == "tick") {
      static dd::transport::Timer timer(number * 1'000'000LL, [](bool last) {
        ask(*destinations.front(), last ? "/last" : "/tick");
      });
      timer.start();
      ++at;
    } else if (command == "forkask") {
      std::fflush(stdout);
      const pid_t child = fork();
      if (child == 0) {
        ask(*destinations.front(), "/child");
        destinations.front()->wait(3'000'000'000);
        _exit(destinations.front()->stats().answered == 1 ? 0 : 1);
      }
      int status = 0;
      waitpid(child, &status, 0);
      std::printf("child %d\n", status);
    } else if (command == "closefds") {
      for (int fd = 3; fd < 64; ++fd) close(fd);
      // What the application opens next must not be written to.
      const int file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
      std::printf("file %d\n", file);
    } else if (command == "filesize") {
      for (int fd = 3; fd < 8; ++fd)
        if (const off_t size = lseek(fd, 0, SEEK_END); size >= 0)
          std::printf("size %ld\n", static_cast<long>(size));
    } else if (command == "exit") {
      const std::int64_t before = dd::base::monotonic_ns();
      dd::transport::Worker::get().shutdown(number * 1'000'000LL);
      report(exporter, dd::base::monotonic_ns() - before);
      ++at;
    } else {
      return 2;
    }
  }
  return 0;
}
