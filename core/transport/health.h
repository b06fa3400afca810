// How the sending of traces does, as metrics of the user's: DD_TRACE_HEALTH_METRICS_ENABLED sends
// distributions datadog.tracer.* to DogStatsD. Source: WRITER.md section 7. On the worker.

#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/transport/resolver.h"

namespace dd::transport {

class Health {
 public:
  // "udp://host:port" or "unix:///path"; `tags`: "env:x,service:y" or empty. Opens nothing.
  Health(std::string_view url, std::string tags);
  ~Health();
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  // `name` without "datadog.tracer."; `tag` besides those of the process.
  void add(std::string_view name, std::uint64_t value, std::string_view tag = {});
  void send();  // what was added since; lost when nobody takes it
  void forked(bool whole);

 private:
  static constexpr std::size_t kDatagram = 1432;  // what goes through a network undivided
  bool open();
  void put(std::string_view datagram);

  std::string host_, port_, path_, tags_, lines_;
  std::shared_ptr<Lookup> lookup_;
  int socket_ = -1;
};

}  // namespace dd::transport
