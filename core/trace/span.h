// One timed operation. Plain data in the arena of its chunk: it knows nothing of Python, of threads
// or of how it is sent.
//
// Life: Tracer::start() makes it; its thread writes it; Tracer::finish() ends it; when its chunk is
// complete the chunk is handed to the sinks. From then on the span is *sealed*: read-only, for
// every thread, for as long as somebody holds the chunk. Who wants to write a sealed span writes a
// copy (Tracer::thaw()).
//
// A span is written by one thread at a time. Setters are total: they never fail and never throw.
// Source: SPAN.md sections 2, 3, 5.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/trace/text.h"

namespace dd::trace {

class Chunk;
class Segment;
class Tracer;

struct TraceId {
  std::uint64_t high = 0, low = 0;
  bool operator==(const TraceId&) const = default;
  explicit operator bool() const { return (high | low) != 0; }
};

enum class AttributeKind : std::uint8_t { kText, kInt, kDouble };

// One map holds tags (text) and metrics (numbers): setting a name again with another kind replaces.
struct Attribute {
  Attribute* next;
  Text key;
  AttributeKind kind;
  std::uint8_t fingerprint;
  std::uint32_t capacity;  // bytes reserved behind `text.data`; a shorter value is written in place
  union {
    Text text;
    std::int64_t integer;
    double real;
  };
};

// Facts that many spans share are bits, not attributes: the encoder writes them from one prepared
// piece. Readers of attributes see them as if they were stored (Span::find).
enum SpanFlag : std::uint16_t {
  kFinished = 1 << 0,
  kSealed = 1 << 1,
  kLocalRoot = 1 << 2,  // meta runtime-id, metric process_id
  kTopLevel = 1 << 3,   // metric _dd.top_level 1 (decided when it finishes)
  kMeasured = 1 << 4,   // metric _dd.measured 1
  kEnv = 1 << 5,        // meta env, the process' one
  kVersion = 1 << 6,    // meta version, the process' one
  // First span of its chunk. Meta language, _dd.tags.process, _dd.git.*, _dd.p.tid, _dd.p.dm;
  // metrics _sampling_priority_v1, _dd.tracer_kr.
  kChunkHead = 1 << 7,
  kHeadersWritten = 1 << 8,  // a client is at work that wrote the headers: those below do not
  kHeadersDue = 1 << 9,      // a client has yet to write them
  // Of its object in Python (core/tracing/span_object.h).
  kDetached = 1 << 10,       // made by its constructor, unknown to the tracer
  kKeepsObject = 1 << 11,    // one reference belongs to the chunk, until that leaves
  kUnwanted = 1 << 13,       // begun while tracing was off: never sent
  kStoresCarried = 1 << 12,  // there may be attributes that a bit above stands for, too
  kByOtel = 1 << 14,         // started by OpenTelemetry's API
};

struct Link;       // core/trace/link.h
struct Event;      // the same
struct StructTag;  // the same

struct StaticTag {
  Key key;     // a constant of core/trace/tags.h
  Text value;  // that lives for ever
};

struct RareParts {  // what few spans have
  Link* links = nullptr;
  Event* events = nullptr;
  StructTag* structs = nullptr;                   // meta_struct
  Attribute** index = nullptr;                    // open addressing, once there are many attributes
  std::uint32_t index_capacity = 0, indexed = 0;  // the first a power of two
};

class Span {
 public:
  // Reads see flags as attributes. Empty or false when absent or of another kind.
  std::string_view text(const Key& key) const {
    return is_absent(key) ? std::string_view() : read_text(key);
  }
  bool number(const Key& key, double& out) const {
    return !is_absent(key) && read_number(key, out);
  }
  const Attribute* find(const Key& key) const {  // stored attributes only
    return is_stored(key) ? search(key) : nullptr;
  }
  bool has(const Key& key) const { return !is_absent(key) && is_there(key); }  // stored or a bit

  void set(const Key& key, std::string_view value);    // copies into the arena
  void set_static(const Key& key, const Text& value);  // keeps the pointer: immortal text
  void set_static(const Key& key, std::string_view value) { set_static(key, Text(value)); }
  void set_static(std::span<const StaticTag> tags);  // one after the other, in one piece
  void set(const Key& key, const Text& value) {      // keeps the pointer of one that lasts
    value.lasts() ? set_static(key, value) : set(key, value.view());
  }
  void set(const Key& key, std::int64_t value);
  void set(const Key& key, double value);  // not-a-number and infinities are dropped
  void remove(const Key& key);
  // Turns the bits into stored attributes (a reader wants to list, change or remove them).
  void materialize();

  void set_name(std::string_view value);
  void set_service(std::string_view value);  // a null data pointer means none
  void set_resource(std::string_view value);
  void set_type(std::string_view value);
  // error=1 and the three error tags; an empty part is left out.
  void fail(std::string_view type, std::string_view message, std::string_view stack);

  bool finished() const { return flags & kFinished; }
  bool sealed() const { return flags & kSealed; }
  bool has(SpanFlag flag) const { return flags & flag; }

  Text name, service, resource, type;
  std::uint64_t id = 0, parent_id = 0;
  Segment* segment = nullptr;  // outlives the span: the chunk holds it
  Chunk* chunk = nullptr;      // whose arena this lives in
  // The local parent, or null. Valid only while its holder keeps it alive: the Python objects do,
  // each for its parent. Never read once sealed.
  const Span* parent = nullptr;
  std::int64_t start_ns = 0;
  std::int64_t duration_ns = 0;  // meaningful when finished; negative after a clock step
  std::int32_t error = 0;
  std::uint16_t flags = 0;
  std::uint16_t attribute_count = 0;  // at most kManyAttributes are counted
  Attribute* attributes = nullptr;    // a list in the arena, in the order of setting
  // What stands for the span in Python, or null. Owned and cleared by core/tracing, under the GIL.
  void* object = nullptr;
  std::uint32_t sequence = 0;  // order of starting within the segment

  Link* links() const { return rare_ ? rare_->links : nullptr; }
  Event* events() const { return rare_ ? rare_->events : nullptr; }
  StructTag* structs() const { return rare_ ? rare_->structs : nullptr; }
  RareParts& rare_parts();  // for writers

  static constexpr std::uint16_t kManyAttributes = UINT16_MAX;

 private:
  friend class Tracer;
  static std::uint32_t bit_of(std::uint8_t fingerprint) { return 1u << (fingerprint & 31); }
  // Mostly told without a look at the attributes. `is_stored` may be wrong when it says yes.
  bool is_stored(const Key& key) const { return seen_ & bit_of(key.fingerprint); }
  bool is_absent(const Key& key) const { return key.index > Key::kLastCarried && !is_stored(key); }
  std::string_view read_text(const Key& key) const;
  bool read_number(const Key& key, double& out) const;
  bool is_there(const Key& key) const;
  Attribute* slot(const Key& key, std::size_t text_bytes);
  Attribute* search(const Key& key) const;
  bool is_indexed() const { return rare_ && rare_->index; }
  void add_to_index(Attribute* made);
  Attribute* append(const Key& key, std::size_t text_bytes);
  void index_all();
  void store_bit(SpanFlag flag);
  void set_field(Text& field, std::string_view value);

  std::uint32_t seen_ = 0;  // which fingerprints (mod 32) occur: most sets are of new names
  Attribute* last_ = nullptr;
  RareParts* rare_ = nullptr;
};
static_assert(sizeof(Span) <= 168);  // six to a block of the arena

}  // namespace dd::trace
