// Settings from afar: polls the agent and hands configurations to the products they are for.
//
//   start() -> the agent answers /info with "/v0.7/config" among its endpoints -> a poll at once
//   and every DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS on the worker. No thread and no request before
//   there is traffic of ours. Of a process and those it forked one asks, for all: the others keep
//   what their parent had and look twice in an interval at what the one was answered (family.h).
//   Three failures in a row: asks for /info again.
//
// Products are called on the worker, without the GIL, with all that is in force for them whenever
// something of it changed; they mark what they cannot use. Callbacks of Python programs are called
// on a thread of Python's (pyshim/native/remote_config.h). Source: remote-config.md.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/config/setting.h"
#include "core/remote_config/repository.h"

namespace dd::trace {
struct Delivery;
}

namespace dd::remote_config {

enum Capability : int {
  kSampleRate = 12,
  kLogsInjection = 13,
  kHeaderTags = 14,
  kCustomTags = 15,
  kTracingEnabled = 19,
  kSampleRules = 29,
  kMulticonfig = 45,
};
constexpr std::uint64_t bit(Capability capability) { return 1ull << capability; }
inline constexpr std::uint64_t kLibraryCapabilities =
    bit(kSampleRate) | bit(kLogsInjection) | bit(kHeaderTags) | bit(kCustomTags) |
    bit(kTracingEnabled) | bit(kSampleRules) | bit(kMulticonfig);

struct Product {
  const char* name = nullptr;  // "APM_TRACING"; of static storage
  std::uint64_t capabilities = 0;
  void (*changed)(std::span<Configuration* const> in_force) = nullptr;
  // Calls changed(); says false when it was not called, or has thrown. Null: called as it is.
  bool (*enter)(void* gate, void (*call)(void*), void* what) = nullptr;
  void* gate = nullptr;
  // What is new or has changed, and what has gone, for who hands it on.
  void (*news)(const Product& product, std::span<Configuration* const> added,
               std::span<const std::unique_ptr<Configuration>> removed) = nullptr;
};

std::span<config::SettingBase* const> settings();
bool wanted();  // DD_REMOTE_CONFIGURATION_ENABLED

struct Options {
  std::string tracer_version;
};
// Once, after transport::agent::set_up(). Does nothing when it is switched off.
void start(Options options);
// Spans on their way out: the names of their services are told as well. On the worker.
void note_services(const trace::Delivery& delivery);
// Takes the place of an earlier one of that name, and is told what is in force already. The agent
// is asked for products with a subscriber. Any thread.
void subscribe(const Product& product);
void unsubscribe(std::string_view name);
// Bits besides those of the products. Any thread.
void set_more_capabilities(std::uint64_t bits);
// Asks for nothing any more; what is in force stays. Any thread.
void pause();
// What was handed on could not be applied. Any thread.
void report_failure(std::string path, std::int64_t version, std::string why);

}  // namespace dd::remote_config
