#include "products/discovery/discovery.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/fork.h"
#include "core/base/ids.h"

namespace dd::discovery {
namespace {

// Above those that programs get first, and below 64: from there on the kernel enlarges the process'
// table, for which a thread of a process with several waits some 7 ms.
constexpr int kLowestDescriptor = 50;

void put_text(std::string& out, std::string_view text) {  // MessagePack
  if (text.size() < 32) {
    out += static_cast<char>(0xa0 | text.size());
  } else {
    text = text.substr(0, 255);
    out += '\xd9';
    out += static_cast<char>(text.size());
  }
  out += text;
}

void put_field(std::string& out, int number, std::string_view bytes) {  // Protocol Buffers
  out += static_cast<char>(number << 3 | 2);
  std::size_t size = bytes.size();
  for (; size >= 0x80; size >>= 7) out += static_cast<char>(size | 0x80);
  out += static_cast<char>(size);
  out += bytes;
}

void put_attribute(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  std::string held, pair;
  put_field(held, 1, value);
  put_field(pair, 1, name);
  put_field(pair, 2, held);
  put_field(out, 1, pair);
}

// A file of memory of that name, or -1.
int memory_file(const std::string& name) {
  return memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

bool write_all(int file, std::string_view bytes) {
  return write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
}

void show_tracer(const Identity& who) {
  static int shown = -1;
  static struct stat made_as = {};
  // Programs that become daemons close what they find, and others take the number.
  struct stat now;
  if (shown >= 0 && fstat(shown, &now) == 0 && now.st_dev == made_as.st_dev &&
      now.st_ino == made_as.st_ino)
    close(shown);
  char random[32];
  base::random_uuid_hex(random);
  const int made = memory_file("datadog-tracer-info-" + std::string(random, 8));
  shown = made < 0 ? -1 : fcntl(made, F_DUPFD_CLOEXEC, kLowestDescriptor);
  if (made >= 0) close(made);
  if (shown >= 0) fstat(shown, &made_as);
  if (shown >= 0 && write_all(shown, tracer_record(who)))
    fcntl(shown, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

struct ContextPage {
  std::uint64_t signature;  // written last: from then on the rest is valid
  std::uint32_t version, payload_bytes;
  std::uint64_t published_ns;
  const char* payload;
};

void show_context(const Identity& who) {
  static void* shown = nullptr;
  static std::uint64_t shown_by = 0;
  static std::string* payload = nullptr;
  const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  // A forked child does not have its parent's page: something else may be in its place.
  const bool is_ours = shown_by == base::fork_generation();
  if (shown != nullptr && is_ours) munmap(shown, bytes);
  shown = nullptr;
  const int file = memory_file("OTEL_CTX");
  if (file < 0) return;
  void* const page = ftruncate(file, static_cast<off_t>(bytes)) == 0
                         ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0)
                         : MAP_FAILED;
  close(file);
  if (page == MAP_FAILED) return;
  madvise(page, bytes, MADV_DONTFORK);
  shown_by = base::fork_generation();
  delete payload;
  payload = new std::string(context_record(who));
  auto& context = *static_cast<ContextPage*>(page);
  context.version = 2;
  context.payload_bytes = static_cast<std::uint32_t>(payload->size());
  context.published_ns = static_cast<std::uint64_t>(base::monotonic_ns());
  context.payload = payload->data();
  std::uint64_t signature;
  std::memcpy(&signature, "OTEL_CTX", sizeof signature);
  std::atomic_ref(context.signature).store(signature, std::memory_order_release);
  shown = page;
}

}  // namespace

std::string tracer_record(const Identity& who) {
  std::string pairs;
  int count = 0;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    put_text(pairs, name);
    put_text(pairs, value);
    ++count;
  };
  add("runtime_id", who.runtime_id);
  add("tracer_language", "python");
  add("tracer_version", who.tracer_version);
  add("hostname", who.hostname);
  add("service_name", who.service);
  add("service_env", who.env);
  add("service_version", who.version);
  std::string out(1, static_cast<char>(0x80 | (count + 1)));
  put_text(out, "schema_version");
  out += '\x01';
  return out + pairs;
}

std::string context_record(const Identity& who) {
  std::string out;
  put_attribute(out, "service.name", who.service);
  put_attribute(out, "service.instance.id", who.runtime_id);
  put_attribute(out, "service.version", who.version);
  put_attribute(out, "deployment.environment.name", who.env);
  put_attribute(out, "telemetry.sdk.name", "libdatadog");
  put_attribute(out, "telemetry.sdk.language", "python");
  put_attribute(out, "telemetry.sdk.version", who.tracer_version);
  put_attribute(out, "host.name", who.hostname);
  return out;
}

void publish(const Identity& who) {
  show_tracer(who);
  show_context(who);
}

}  // namespace dd::discovery
