// Payloads that nobody took, kept on disk until an agent does: DD_TRACE_SPILL_DIRECTORY (off by
// default), at most DD_TRACE_SPILL_MAX_BYTES. What a process leaves behind is sent by the next one
// of the same directory. Files are written whole or not at all. On the worker.

#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "core/encoding/buffer.h"

namespace dd::transport {

class Spill {
 public:
  struct Payload {
    std::string target, content_type;  // "/v0.5/traces"
    std::uint64_t traces = 0, spans = 0;
    std::string file;  // where it is
    bool ours = true;  // of this process
  };

  Spill(std::string directory, std::size_t max_bytes);

  // False: there is no room, or it cannot be written.
  bool keep(const Payload& payload, std::string_view body);
  bool waiting();  // ours, or of a process that is gone
  // The oldest; stays on disk. False: there is none, or it cannot be read.
  bool read(Payload& out, encoding::Buffer& body);
  void remove(const Payload& payload);  // the one that was read
  void forked(bool whole);

 private:
  struct Kept {
    std::string file;
    std::size_t bytes = 0;
    bool ours = true;
  };
  void look_for_others();

  const std::string directory_;
  const std::size_t max_bytes_;
  std::deque<Kept> kept_;
  std::size_t bytes_ = 0;  // of kept_
  std::uint64_t sequence_ = 0;
  std::int64_t look_again_ns_ = 0;
};

}  // namespace dd::transport
