#include "core/trace/span.h"

#include <cmath>
#include <cstring>
#include <iterator>

#include "core/trace/segment.h"
#include "core/trace/tags.h"
#include "core/trace/tracer.h"

namespace dd::trace {
namespace {

constexpr std::uint32_t kIndexFrom = 32;  // attributes; below it a walk is faster

bool same(const Attribute& attribute, const Key& key) {
  if (key.index && attribute.key.number) return key.index == attribute.key.number;
  return attribute.fingerprint == key.fingerprint && attribute.key.size == key.text.size() &&
         (attribute.key.data == key.text.data() ||
          std::memcmp(attribute.key.data, key.text.data(), key.text.size()) == 0);
}

std::uint32_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3ull;
  return static_cast<std::uint32_t>(hash ^ (hash >> 32));
}

constexpr bool starts_like_a_bit(char first) {
  return first == '_' || first == 'e' || first == 'l' || first == 'p' || first == 'r' ||
         first == 'v';
}
constexpr bool all_bits_start_so() {
  for (int i = 1; i <= Key::kLastCarried; ++i)
    if (!starts_like_a_bit(tags::kTable[i].name[0])) return false;
  return true;
}
static_assert(all_bits_start_so());

// The bit that may carry the tag, or 0.
std::uint16_t carrier_of(const Key& key) {
  using namespace tags;
  constexpr std::uint16_t kCarriers[] = {0,          kLocalRoot, kLocalRoot, kTopLevel,  kMeasured,
                                         kEnv,       kVersion,   kChunkHead, kChunkHead, kChunkHead,
                                         kChunkHead, kChunkHead, kChunkHead, kChunkHead};
  static_assert(std::size(kCarriers) == Key::kLastCarried + 1 &&
                kDecisionMakerIndex == Key::kLastCarried);
  if (key.index) return key.index <= Key::kLastCarried ? kCarriers[key.index] : 0;
  constexpr std::uint32_t kSizes = 1u << 3 | 1u << 7 | 1u << 8 | 1u << 9 | 1u << 10 | 1u << 12 |
                                   1u << 13 | 1u << 16 | 1u << 18 | 1u << 21 | 1u << 22;
  if (key.text.size() > 22 || !(kSizes >> key.text.size() & 1)) return 0;
  if (!starts_like_a_bit(key.text[0])) return 0;
  for (int i = 1; i <= Key::kLastCarried; ++i)
    if (kTable[i].name == key.text) return kCarriers[i];
  return 0;
}

std::string_view head_text(const Span& span, const ProcessFacts& facts, std::string_view name) {
  if (name == tags::kLanguage.text) return facts.otel_semantics ? "" : "python";
  if (name == tags::kProcessTags.text) return facts.process_tags;
  if (name == tags::kGitRepository.text) return facts.git_repository;
  if (name == tags::kGitCommit.text) return facts.git_commit;
  if (name == tags::kTraceIdHigh.text && span.segment->trace_id.high)
    return {span.segment->high_digits, sizeof(span.segment->high_digits)};
  if (name == tags::kDecisionMaker.text) return span.segment->maker();
  return {};
}

}  // namespace

Attribute* Span::search(const Key& key) const {
  if (!is_stored(key)) return nullptr;
  if (is_indexed()) {
    Attribute* const* const index = rare_->index;
    const std::uint32_t mask = rare_->index_capacity - 1;
    for (std::uint32_t at = hash_of(key.text) & mask; index[at]; at = (at + 1) & mask)
      if (same(*index[at], key)) return index[at];
    return nullptr;
  }
  for (Attribute* at = attributes; at; at = at->next)
    if (same(*at, key)) return at;
  return nullptr;
}

RareParts& Span::rare_parts() {
  if (!rare_) rare_ = chunk->arena.make<RareParts>();
  return *rare_;
}

void Span::index_all() {
  RareParts& rare = rare_parts();
  rare.indexed = 0;
  for (const Attribute* entry = attributes; entry; entry = entry->next) ++rare.indexed;
  std::uint32_t capacity = 4 * kIndexFrom;
  while (capacity < rare.indexed * 4) capacity *= 2;
  if (capacity > rare.index_capacity || !rare.index) {
    rare.index = static_cast<Attribute**>(chunk->arena.allocate(capacity * sizeof(Attribute*)));
    rare.index_capacity = capacity;
  }
  std::memset(rare.index, 0, rare.index_capacity * sizeof(Attribute*));
  const std::uint32_t mask = rare.index_capacity - 1;
  for (Attribute* entry = attributes; entry; entry = entry->next) {
    std::uint32_t at = hash_of(entry->key.view()) & mask;
    while (rare.index[at]) at = (at + 1) & mask;
    rare.index[at] = entry;
  }
}

// A name with a number stays where it is; others are copied behind the attribute.
inline Attribute* Span::append(const Key& key, std::size_t text_bytes) {
  const std::size_t key_bytes = key.index ? 0 : key.text.size();
  auto* memory = static_cast<char*>(
      chunk->arena.allocate(sizeof(Attribute) + key_bytes + text_bytes, alignof(Attribute)));
  auto* made = new (memory) Attribute{.next = nullptr,
                                      .key = Text(key.text),
                                      .kind = AttributeKind::kText,
                                      .fingerprint = key.fingerprint,
                                      .capacity = static_cast<std::uint32_t>(text_bytes),
                                      .text = Text()};
  char* extra = memory + sizeof(Attribute);
  made->text.data = extra + key_bytes;
  made->key.number = key.index;
  if (key_bytes) {
    std::memcpy(extra, key.text.data(), key_bytes);
    made->key.data = extra;
  }
  if (last_)
    last_->next = made;
  else
    attributes = made;
  last_ = made;
  seen_ |= bit_of(key.fingerprint);
  if (attribute_count != kManyAttributes) ++attribute_count;
  if (attribute_count > kIndexFrom || is_indexed()) [[unlikely]]
    add_to_index(made);
  return made;
}

void Span::add_to_index(Attribute* made) {
  if (!is_indexed() || (rare_->indexed + 1) * 2 > rare_->index_capacity) {
    index_all();
    return;
  }
  ++rare_->indexed;
  const std::uint32_t mask = rare_->index_capacity - 1;
  std::uint32_t at = hash_of(made->key.view()) & mask;
  while (rare_->index[at]) at = (at + 1) & mask;
  rare_->index[at] = made;
}

// The place for a value. `capacity` bytes of text are behind the attribute itself when it is new;
// it is null on a sealed span.
inline Attribute* Span::slot(const Key& key, std::size_t text_bytes) {
  if (flags & kSealed) return nullptr;
  if (key.index <= Key::kLastCarried)
    if (const std::uint16_t carrier = carrier_of(key)) [[unlikely]] {
      if (flags & carrier) store_bit(static_cast<SpanFlag>(carrier));
      flags |= kStoresCarried;
    }
  if (is_stored(key))
    if (Attribute* known = search(key)) return known;
  return append(key, text_bytes);
}

void Span::set(const Key& key, std::string_view value) {
  if (value.size() > UINT32_MAX / 4) value = value.substr(0, UINT32_MAX / 4);
  Attribute* at = slot(key, value.size());
  if (!at) return;
  char* room;
  if (at->kind == AttributeKind::kText && at->capacity >= value.size()) {
    room = const_cast<char*>(at->text.data);
  } else {
    const std::size_t doubled = std::size_t{at->capacity} * 2;
    const std::size_t bytes = value.size() > doubled ? value.size() : doubled;
    room = static_cast<char*>(chunk->arena.allocate(bytes, 1));
    at->capacity = static_cast<std::uint32_t>(bytes);
  }
  if (!value.empty()) std::memmove(room, value.data(), value.size());
  at->kind = AttributeKind::kText;
  at->text = Text(std::string_view(room, value.size()));
}

void Span::set_static(const Key& key, const Text& value) {
  Attribute* at = slot(key, 0);
  if (!at) return;
  at->kind = AttributeKind::kText;
  at->capacity = 0;
  at->text = value;
  if (!value.number) at->text.number = Text::kLasting;
}

void Span::set_static(std::span<const StaticTag> tags) {
  std::uint32_t bits = 0;
  bool fresh = !(flags & kSealed) && attribute_count + tags.size() <= kIndexFrom && !is_indexed();
  for (const StaticTag& tag : tags) {
    fresh = fresh && tag.key.index > Key::kLastCarried && !(bits & bit_of(tag.key.fingerprint));
    bits |= bit_of(tag.key.fingerprint);
  }
  if (!fresh || (seen_ & bits)) {
    for (const StaticTag& tag : tags) set_static(tag.key, tag.value);
    return;
  }
  auto* made = static_cast<Attribute*>(
      chunk->arena.allocate(tags.size() * sizeof(Attribute), alignof(Attribute)));
  for (const StaticTag& tag : tags) {
    new (made) Attribute{.next = nullptr,
                         .key = Text(tag.key.text),
                         .kind = AttributeKind::kText,
                         .fingerprint = tag.key.fingerprint,
                         .capacity = 0,
                         .text = tag.value};
    made->key.number = tag.key.index;
    if (!tag.value.number) made->text.number = Text::kLasting;
    (last_ ? last_->next : attributes) = made;
    last_ = made++;
  }
  seen_ |= bits;
  attribute_count = static_cast<std::uint16_t>(attribute_count + tags.size());
}

void Span::set(const Key& key, std::int64_t value) {
  Attribute* at = slot(key, 0);
  if (!at) return;
  at->kind = AttributeKind::kInt;
  at->capacity = 0;
  at->integer = value;
}

void Span::set(const Key& key, double value) {
  if (!std::isfinite(value)) return;
  Attribute* at = slot(key, 0);
  if (!at) return;
  at->kind = AttributeKind::kDouble;
  at->capacity = 0;
  at->real = value;
}

bool Span::is_there(const Key& key) const {
  const std::uint16_t carried = flags & carrier_of(key);
  if (carried && carried != kChunkHead) return true;
  double unused;
  return search(key) || (carried && (!text(key).empty() || number(key, unused)));
}

std::string_view Span::read_text(const Key& key) const {
  const std::uint16_t carried = flags & carrier_of(key);
  // Who decided may be stored and carried: what is stored is what was sent.
  if (carried && !(carried == kChunkHead && search(key))) {
    const ProcessFacts& facts = Tracer::get().facts();
    if (carried == kEnv) return facts.env;
    if (carried == kVersion) return facts.version;
    if (carried == kLocalRoot)
      return key.text == tags::kRuntimeId.text ? std::string_view(facts.runtime_id) : "";
    if (carried != kChunkHead) return {};
    if (const std::string_view value = head_text(*this, facts, key.text); !value.empty())
      return value;
  }
  const Attribute* at = search(key);
  return at && at->kind == AttributeKind::kText ? at->text.view() : std::string_view();
}

bool Span::read_number(const Key& key, double& out) const {
  const std::uint16_t carried = flags & carrier_of(key);
  if (carried) {
    if (carried == kTopLevel || carried == kMeasured) return out = 1, true;
    if (carried == kLocalRoot && key.text == tags::kProcessId.text)
      return out = static_cast<double>(Tracer::get().facts().pid), true;
    if (carried == kChunkHead && key.text == tags::kSamplingPriority.text) {
      const base::MutexLock lock(segment->mutex);
      if (segment->priority) out = *segment->priority;
      return segment->priority.has_value();
    }
    if (carried != kChunkHead) return false;
  }
  const Attribute* at = search(key);
  if (!at || at->kind == AttributeKind::kText) return false;
  out = at->kind == AttributeKind::kInt ? static_cast<double>(at->integer) : at->real;
  return true;
}

void Span::store_bit(SpanFlag flag) {
  if (!(flags & flag)) return;
  flags = static_cast<std::uint16_t>(flags & ~flag);
  const ProcessFacts& facts = Tracer::get().facts();
  switch (flag) {
    case kLocalRoot:
      set_static(tags::kRuntimeId, facts.runtime_id);
      set(tags::kProcessId, facts.pid);
      break;
    case kTopLevel:
      set(tags::kTopLevelTag, std::int64_t{1});
      break;
    case kMeasured:
      set(tags::kMeasuredTag, std::int64_t{1});
      break;
    case kEnv:
      set_static(tags::kEnvTag, facts.env);
      break;
    case kVersion:
      set_static(tags::kVersionTag, facts.version);
      break;
    case kChunkHead:
      for (const Key& key : {tags::kLanguage, tags::kProcessTags, tags::kGitRepository,
                             tags::kGitCommit, tags::kTraceIdHigh, tags::kDecisionMaker})
        if (const std::string_view value = head_text(*this, facts, key.text);
            !value.empty() && !find(key))
          set(key, value);
      if (segment->priority) set(tags::kSamplingPriority, std::int64_t{*segment->priority});
      break;
    default:
      break;
  }
}

void Span::materialize() {
  if (flags & kSealed) return;
  for (const SpanFlag flag : {kLocalRoot, kTopLevel, kMeasured, kEnv, kVersion, kChunkHead})
    store_bit(flag);
}

void Span::remove(const Key& key) {
  if (flags & kSealed) return;
  if (flags & carrier_of(key)) store_bit(static_cast<SpanFlag>(carrier_of(key)));
  Attribute* before = nullptr;
  for (Attribute* at = attributes; at; before = at, at = at->next) {
    if (!same(*at, key)) continue;
    (before ? before->next : attributes) = at->next;
    if (last_ == at) last_ = before;
    if (attribute_count != kManyAttributes) --attribute_count;
    if (is_indexed()) index_all();
    return;
  }
}

void Span::set_field(Text& field, std::string_view value) {
  if (flags & kSealed) return;
  field = value.data() ? Text(chunk->arena.copy(value)) : Text();
}
void Span::set_name(std::string_view value) { set_field(name, value); }
void Span::set_service(std::string_view value) { set_field(service, value); }
void Span::set_resource(std::string_view value) { set_field(resource, value); }
void Span::set_type(std::string_view value) { set_field(type, value); }

void Span::fail(std::string_view type_name, std::string_view message, std::string_view stack) {
  if (flags & kSealed) return;
  error = 1;
  if (!type_name.empty()) set(tags::kErrorType, type_name);
  if (!message.empty()) set(tags::kErrorMessage, message);
  if (!stack.empty()) set(tags::kErrorStack, stack);
}

}  // namespace dd::trace
