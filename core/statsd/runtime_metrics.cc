#include "core/statsd/runtime_metrics.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "core/base/clock.h"
#include "core/base/fork.h"
#include "core/base/mutex.h"
#include "core/transport/worker.h"

namespace dd::statsd {
namespace {

constexpr std::int64_t kIntervalNs = 10'000'000'000;
// What the interpreter knows is asked for so long before.
constexpr std::int64_t kAskNs = 50'000'000;
constexpr std::int64_t kSilenceNs = 200'000'000;

std::int64_t thread_count() {
  DIR* const folder = opendir("/proc/self/task");
  if (folder == nullptr) return 0;
  std::int64_t count = 0;
  while (const dirent* entry = readdir(folder)) count += entry->d_name[0] != '.';
  closedir(folder);
  return count;
}

std::int64_t resident_bytes() {
  char text[128] = {};
  const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  const ssize_t size = file < 0 ? 0 : read(file, text, sizeof text - 1);
  if (file >= 0) close(file);
  std::string_view rest(text, static_cast<std::size_t>(size > 0 ? size : 0));
  rest.remove_prefix(std::min(rest.find(' ') + 1, rest.size()));
  std::int64_t pages = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), pages);
  return pages * sysconf(_SC_PAGESIZE);
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::string shown(double value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, 6).ptr;
  std::string out(text, end);
  while (out.ends_with('0') && !out.ends_with(".0")) out.pop_back();
  return out;
}

class Meter {
 public:
  explicit Meter(const RuntimeOptions& options)
      : options_(options),
        client_({.to = options.to,
                 .buffering = true,
                 .flush_ns = 0,
                 .telemetry = true,
                 .telemetry_tags = telemetry_tags(options)}),
        timer_(kIntervalNs - kAskNs, [this](bool last) { tick(last); }) {
    getrusage(RUSAGE_SELF, &usage_);
    begin();
    timer_.start(kSilenceNs);
  }
  ~Meter() {
    timer_.stop();
    send(true);
  }
  // What a child has done since it began: the kernel counts anew.
  void forked() {
    usage_ = {};
    asked_ = false;
    timer_.set_interval(kIntervalNs - kAskNs);
    begin();
  }

 private:
  static std::string telemetry_tags(const RuntimeOptions& options) {
    std::string tags = options.client_tags;
    tags += options.to.path.empty() ? "udp" : "uds";
    const std::string own = options.tags();
    return own.empty() ? tags : tags + "," + own;
  }
  void tick(bool last) {
    if (!last && !std::exchange(asked_, true)) {
      options_.next();
      timer_.set_interval(kAskNs);
      return;
    }
    asked_ = false;
    timer_.set_interval(kIntervalNs - kAskNs);
    send(last);
  }
  void begin() {
    wall_ns_ = base::monotonic_ns();
    for (int i = 0; i < 3; ++i) collections_[i] = options_.collector->collections[i].load();
    options_.collector->pause_ns.store(0);
    options_.collector->longest_pause_ns.store(0);
  }
  void add(std::string_view name, const std::string& value) {
    client_.count(Client::Kind::kMetric);
    std::string line = "runtime.python.";
    line.append(name).append(":").append(value).append(options_.as_gauges ? "|g" : "|d");
    if (!tags_.empty()) line.append("|#").append(tags_);
    if (!options_.container.empty()) line.append("|c:").append(options_.container);
    client_.add(line += '\n');
  }
  void add(std::string_view name, std::int64_t value) { add(name, std::to_string(value)); }
  void add(std::string_view name, double value) { add(name, shown(value)); }

  void send(bool last) {
    CollectorFigures& collector = *options_.collector;
    tags_ = options_.tags();
    constexpr const char* kCounts[] = {"gc.count.gen0", "gc.count.gen1", "gc.count.gen2"};
    constexpr const char* kCollections[] = {"gc.collections.gen0", "gc.collections.gen1",
                                            "gc.collections.gen2"};
    for (int i = 0; i < 3; ++i) add(kCounts[i], collector.counts[i].load());
    for (int i = 0; i < 3; ++i) {
      const std::int64_t now = collector.collections[i].load();
      add(kCollections[i], now - std::exchange(collections_[i], now));
    }
    add("gc.pause.time", collector.pause_ns.exchange(0));
    add("gc.pause.max", collector.longest_pause_ns.exchange(0));
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    const std::int64_t wall_ns = base::monotonic_ns();
    const double system = seconds(usage.ru_stime) - seconds(usage_.ru_stime);
    const double user = seconds(usage.ru_utime) - seconds(usage_.ru_utime);
    add("cpu.time.sys", system);
    add("cpu.time.user", user);
    add("thread_count", thread_count());
    add("mem.rss", resident_bytes());
    const double passed = static_cast<double>(wall_ns - wall_ns_) / 1e9;
    add("cpu.percent", passed > 0 ? 100 * (system + user) / passed : 0.0);
    add("cpu.ctx_switch.voluntary", static_cast<std::int64_t>(usage.ru_nvcsw - usage_.ru_nvcsw));
    add("cpu.ctx_switch.involuntary",
        static_cast<std::int64_t>(usage.ru_nivcsw - usage_.ru_nivcsw));
    usage_ = usage;
    wall_ns_ = wall_ns;
    if (last) client_.flush();
  }

  const RuntimeOptions options_;
  Client client_;
  std::int64_t wall_ns_ = 0;
  rusage usage_ = {};
  std::int64_t collections_[3] = {};
  std::string tags_;
  bool asked_ = false;
  transport::Timer timer_;  // last: it is stopped first
};

constinit base::Mutex meter_mutex;
constinit Meter* the_meter DD_GUARDED_BY(meter_mutex) = nullptr;

void forked() DD_NO_THREAD_SAFETY {
  meter_mutex.reset_after_fork();
  if (the_meter != nullptr) the_meter->forked();
}

}  // namespace

void start_runtime_metrics(const RuntimeOptions& options) {
  const base::MutexLock lock(meter_mutex);
  static constinit bool watched = false;
  if (!std::exchange(watched, true)) base::on_fork(base::ForkOrder::kProducts, {.child = &forked});
  if (the_meter == nullptr) the_meter = new Meter(options);
}

void resume_runtime_metrics() {
  if (sends_runtime_metrics()) transport::Worker::get().start_later(kSilenceNs);
}

void stop_runtime_metrics() {
  Meter* stopped = nullptr;
  {
    const base::MutexLock lock(meter_mutex);
    stopped = std::exchange(the_meter, nullptr);
  }
  delete stopped;
}

bool sends_runtime_metrics() {
  const base::MutexLock lock(meter_mutex);
  return the_meter != nullptr;
}

}  // namespace dd::statsd
