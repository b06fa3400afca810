// What a process has finished and the agent does not have yet, in memory that outlives the process:
// DD_TRACE_SURVIVE_KILL (off by default). When the process ends, however that happens, a copy of
// this program (heir.h) sends what is left.
//
//     encoder --write()--> open contents --seal()--> sealed contents --clear_sealed()--> nothing
//
// The exporter writes here what it encodes as soon as it has encoded it, every kLookNs while there
// is something. A request that the system has taken whole is not sent again. The memory is a memfd
// of the process' own: forked children do not see it, and make theirs with their first trace.
//
// Bytes first, then the record that counts them: the process may die between any two instructions.
// All on the worker, but forked().

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/encoding/encoder.h"
#include "core/transport/heir.h"

namespace dd::transport {

// The memory as both processes see it: this head, then the areas.
namespace estate {

inline constexpr std::uint32_t kMagic = 0xDDE57A7E;
inline constexpr std::size_t kHeadBytes = 16 << 10, kRequestBytes = 4 << 10;

// What of a slot is complete.
struct Record {
  std::uint64_t bytes[2] = {};  // in the slot's two areas
  std::uint32_t chunks = 0;
  std::uint8_t lead_size = 0, middle_size = 0;
  char lead[8] = {}, middle[8] = {};  // before the first area, before the second
};
struct Slot {
  Record records[2];
  std::atomic<std::uint32_t> valid{0};   // which of them
  std::atomic<bool> handed_over{false};  // arrives without our help
  char request[kRequestBytes] = {};      // "/v0.5/traces\nName: value\n...\n", ends with 0
};
struct Head {
  std::uint32_t magic = kMagic;
  std::uint64_t area_bytes = 0;
  char url[1024] = {};
  Slot slots[2];
};
static_assert(sizeof(Head) <= kHeadBytes);

inline std::size_t area_at(const Head& head, int slot, int area) {
  return kHeadBytes + static_cast<std::size_t>(slot * 2 + area) * head.area_bytes;
}
inline std::size_t bytes_of(const Head& head) { return area_at(head, 2, 0); }

}  // namespace estate

class Estate {
 public:
  // Nothing is made yet. Lives as long as the process.
  Estate(std::string url, std::size_t largest_payload);
  Estate(const Estate&) = delete;
  Estate& operator=(const Estate&) = delete;

  static constexpr std::int64_t kLookNs = 4'000'000;  // from finished to here, at most

  bool begun() const { return tried_; }  // something was written, or cannot be
  // What the encoder holds now. `request`: see Slot, asked for with the first bytes of a payload.
  template <class F>
  void write(const encoding::TraceEncoder& encoder, F&& request) {
    encoding::TraceEncoder::Parts parts;
    if (encoder.chunks() == 0) return;
    const bool has_parts = encoder.parts(parts);
    tried_ = tried_ || !has_parts;
    if (!has_parts || !ready()) return;
    if (written_[0] + written_[1] == 0) set_request(request());
    write_parts(parts, encoder.chunks());
    if (!has_heir_)
      start();
    else
      reap_starter();
  }
  void seal();  // what was written is the payload to be sent, the rest is the next
  void clear_sealed();
  void clear_open();
  void set_handed_over(bool handed_over);
  void stop();    // the process ends: nothing is left behind
  void forked();  // in the child, on the forking thread: what the parent has is the parent's

 private:
  bool ready();  // makes the memory
  void start();  // the heir, once there is something to inherit
  bool make();
  void give_up();
  void set_request(const std::string& text);
  void write_parts(const encoding::TraceEncoder::Parts& parts, std::uint32_t chunks);
  void clear(int slot);
  char* area(int slot, int which) const;

  const std::string url_;
  const std::size_t area_bytes_;
  estate::Head* head_ = nullptr;
  int memory_ = -1, alive_ = -1;  // descriptors
  bool has_heir_ = false;
  bool tried_ = false, sealed_ = false, handed_over_ = false;
  int open_ = 0;                 // the slot that is written
  std::size_t written_[2] = {};  // of it, in its areas
};

}  // namespace dd::transport
