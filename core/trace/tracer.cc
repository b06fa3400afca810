#include "core/trace/tracer.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "core/base/ascii.h"
#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/fork.h"
#include "core/base/hex.h"
#include "core/base/ids.h"
#include "core/trace/end.h"
#include "core/trace/link.h"
#include "core/trace/tags.h"

namespace dd::trace {

namespace {

// Each thread counts for itself; counts() adds up. A thread that ends leaves its counts to the
// next.
struct ThreadCounts {
  std::atomic<std::uint64_t> created{0}, finished{0}, delivered{0}, dropped{0}, abandoned{0};
  std::atomic<std::uint64_t> created_by_otel{0}, finished_by_otel{0};
  std::atomic<bool> taken{true};
  ThreadCounts* next = nullptr;
};
constinit std::atomic<ThreadCounts*> all_counts{nullptr};
constinit thread_local ThreadCounts* own_counts = nullptr;

struct Leaving {
  ThreadCounts* counts = nullptr;
  ~Leaving() {
    if (counts) counts->taken.store(false, std::memory_order_release);
    own_counts = nullptr;
  }
};
thread_local Leaving leaving;

ThreadCounts& first_counts() {
  for (ThreadCounts* at = all_counts.load(std::memory_order_acquire); at; at = at->next)
    if (!at->taken.load(std::memory_order_relaxed) &&
        !at->taken.exchange(true, std::memory_order_acquire)) {
      own_counts = at;
      break;
    }
  if (!own_counts) {
    own_counts = new ThreadCounts;
    own_counts->next = all_counts.load(std::memory_order_relaxed);
    while (!all_counts.compare_exchange_weak(
        own_counts->next, own_counts, std::memory_order_release, std::memory_order_relaxed)) {
    }
  }
  leaving.counts = own_counts;
  return *own_counts;
}
ThreadCounts& my_counts() { return own_counts ? *own_counts : first_counts(); }

// Only the thread itself writes.
void add(std::atomic<std::uint64_t>& count, std::uint64_t more) {
  count.store(count.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

bool same_text(const Text& a, const Text& b) {
  return a.size == b.size && a.present() == b.present() &&
         (a.data == b.data || std::memcmp(a.data, b.data, a.size) == 0);
}

bool propagated(std::string_view name) { return name.starts_with("_dd.p."); }

bool has_version(const Span& span) {  // an empty one, too
  if (span.has(kVersion)) return true;
  const Attribute* const own = span.find(tags::kVersionTag);
  return own && own->kind == AttributeKind::kText;
}

// Who named the service when nobody did: what made the span. SPAN.md section 8.
void set_service_source(Span& span, const ProcessFacts& facts) {
  if (!facts.service_is_inferred || span.service.view() != facts.service) return;
  const std::string_view source = span.text(tags::kServiceSource);
  if (source.starts_with("opt.")) return;
  constexpr std::string_view kByHand = "datadog";
  const Attribute* const component = span.find(tags::kComponent);
  if (component && component->kind == AttributeKind::kText && component->text.size != 0 &&
      component->text.view() != kByHand)
    span.set(tags::kServiceSource, component->text);
  else if (source.empty())
    span.set_static(tags::kServiceSource, kByHand);
}

// What most spans are; other types are copied.
Text type_text(base::Arena& arena, std::string_view type) {
  constexpr std::string_view kUsual[] = {"web", "http", "sql", "redis", "template", "worker"};
  for (const std::string_view usual : kUsual)
    if (type == usual) return Text::lasting(usual);
  return Text(arena.copy(type));
}

void set_top_level(Span& span) {
  if (span.has(tags::kTopLevelTag)) span.remove(tags::kTopLevelTag);  // the application's own
  span.flags |= kTopLevel;
}

// peer.service as set, or computed from what the span says about its peer. SPAN.md section 10.
void set_peer_service(Span& span, const ProcessFacts& facts) {
  std::string_view peer = span.text(tags::kPeerService);
  if (!peer.empty()) {
    span.set_static(tags::kPeerServiceSource, tags::kPeerService.text);
  } else {
    if (!facts.peer_service_defaults) return;
    const std::string_view kind = span.text(tags::kSpanKind);
    if (kind != "client" && kind != "producer") return;
    for (const Key& source :
         {tags::kKafkaServers, tags::kDbName, tags::kMongoDb, tags::kRpcService, tags::kOutHost}) {
      peer = span.text(source);
      if (peer.empty()) continue;
      span.set(tags::kPeerService, peer);
      span.set_static(tags::kPeerServiceSource, source.text);
      break;
    }
    if (peer.empty()) return;
  }
  for (const auto& [from, to] : facts.peer_service_mapping)
    if (peer == from) {
      span.set_static(tags::kPeerServiceRemapped, from);
      span.set(tags::kPeerService, to);
      return;
    }
}

// What the trace says about each of its spans, before they leave.
void complete_span(Span& span, const ProcessFacts& facts) {
  if (facts.peer_service_defaults || span.has(tags::kPeerService)) set_peer_service(span, facts);
  const std::string& base = facts.first_service.empty() ? facts.service : facts.first_service;
  if (span.service.data != base.data() && span.service.size != 0 &&
      !base::same_ignoring_case(span.service.view(), base))
    span.set_static(tags::kBaseService, facts.base_service);
  // The trace's own origin goes on every span, beside a number of that name.
  if (const Attribute* const own = span.find(tags::kOrigin);
      own && own->kind == AttributeKind::kText && !span.segment->origin.empty())
    span.remove(tags::kOrigin);
}

// What is the same for every trace is not stored but carried by the flag.
void set_trace_tags(Segment& segment, Span& head, const ProcessFacts& facts) {
  const base::MutexLock lock(segment.mutex);
  if (segment.trace_id.high && !segment.high_digits[0])
    base::hex16(segment.trace_id.high, segment.high_digits);
  // A head that names another decision keeps it: the trace's goes among the entries then. One that
  // a filter made reads another segment than ours.
  const bool names_maker = head.has(kStoresCarried) && head.find(tags::kDecisionMaker);
  const Entries& entries =
      names_maker || head.segment != &segment ? segment.meta() : segment.written_meta();
  for (const auto& [name, value] : entries) {
    if (name == "traceparent" || name == "tracestate" ||
        (name == tags::kTraceIdHigh.text && segment.trace_id.high))
      continue;
    const Key key = name == tags::kDecisionMaker.text ? tags::kDecisionMaker : Key(name);
    if (!head.has(key)) head.set(key, std::string_view(value));
  }
  for (const auto& [name, value] : segment.metrics)
    if (!head.has(Key(name))) head.set(Key(name), value);
  if (head.parent && head.find(tags::kParentIdTag)) head.remove(tags::kParentIdTag);
  if (head.has(kStoresCarried)) {
    const auto forget = [&](const Key& key, bool carried) {
      if (carried && head.find(key)) head.remove(key);
    };
    forget(tags::kLanguage, true);
    forget(tags::kProcessTags, !facts.process_tags.empty());
    forget(tags::kGitRepository, !facts.git_repository.empty());
    forget(tags::kGitCommit, !facts.git_commit.empty());
    forget(tags::kTraceIdHigh, segment.trace_id.high != 0);
    forget(tags::kSamplingPriority, segment.priority.has_value());
  }
  head.flags |= kChunkHead;
}

// The first span that a rule of its own kept; null: none but the head, or nobody asks.
Span* second_head_of(const std::vector<Span*>& spans, const ProcessFacts& facts) {
  constexpr double kBySpanRule = 8;
  double mechanism = 0;
  if (facts.kept_spans_tell_trace)
    for (Span* const span : spans)
      if (span->number(tags::kSpanSamplingMechanism, mechanism) && mechanism == kBySpanRule)
        return span == spans.front() ? nullptr : span;
  return nullptr;
}

// Of a span whose holder is there: it keeps its parents.
Span* local_root_of(Span* span) {
  while (span->parent) span = const_cast<Span*>(span->parent);
  return span;
}

constinit Tracer* the_tracer = nullptr;

}  // namespace

struct TracerForkRow {
  static constinit inline Tracer tracer{};
  static void install() {
    base::on_fork(base::ForkOrder::kTrace, {.child = Tracer::after_fork});
    auto* facts = new ProcessFacts;
    char id[32];
    base::random_uuid_hex(id);
    facts->runtime_id.assign(id, 32);
    facts->pid = getpid();
    facts->revision = 1;
    tracer.facts_.store(facts, std::memory_order_release);
  }
};

// The first call installs; it comes from start-up, on one thread.
Tracer& Tracer::get() {
  if (!the_tracer) [[unlikely]] {
    static const bool installed = (TracerForkRow::install(), true);
    (void)installed;
    the_tracer = &TracerForkRow::tracer;
  }
  return TracerForkRow::tracer;
}

void Tracer::after_fork() {
  Tracer& tracer = get();
  for (ThreadCounts* at = all_counts.load(std::memory_order_acquire); at; at = at->next) {
    for (auto* count : {&at->created, &at->finished, &at->delivered, &at->dropped, &at->abandoned,
                        &at->created_by_otel, &at->finished_by_otel})
      count->store(0, std::memory_order_relaxed);
    at->taken.store(at == own_counts, std::memory_order_relaxed);  // the other threads are gone
  }
  ProcessFacts facts = tracer.facts();
  char id[32];
  base::random_uuid_hex(id);
  facts.runtime_id.assign(id, 32);
  facts.pid = getpid();
  tracer.set_facts(std::move(facts));
}

const ProcessFacts& Tracer::facts() const { return *facts_.load(std::memory_order_acquire); }

void Tracer::set_facts(ProcessFacts facts) {
  facts.revision = this->facts().revision + 1;
  if (facts.runtime_id.empty()) facts.runtime_id = this->facts().runtime_id;
  if (facts.pid == 0) facts.pid = this->facts().pid;
  facts.base_service =
      base::lowered(facts.first_service.empty() ? facts.service : facts.first_service);
  // The old version stays: spans point into it.
  facts_.store(new ProcessFacts(std::move(facts)), std::memory_order_release);
}

void Tracer::set_hooks(const ChunkHooks& hooks) {
  hooks_.store(new ChunkHooks(hooks), std::memory_order_release);
}

ChunkHooks Tracer::hooks() const {
  const ChunkHooks* known = hooks_.load(std::memory_order_acquire);
  return known ? *known : ChunkHooks{};
}

void Tracer::add_sink(Sink* sink) {
  const int at = sink_count_.load(std::memory_order_relaxed);
  DD_CHECK(at < kMaxSinks);
  sinks_[at].store(sink, std::memory_order_relaxed);
  sink_count_.store(at + 1, std::memory_order_release);
}

void Tracer::remove_sinks() { sink_count_.store(0, std::memory_order_release); }

Counts Tracer::counts() const {
  Counts sum{};
  for (const ThreadCounts* at = all_counts.load(std::memory_order_acquire); at; at = at->next) {
    sum.spans_created += at->created.load(std::memory_order_relaxed);
    sum.spans_finished += at->finished.load(std::memory_order_relaxed);
    sum.spans_delivered += at->delivered.load(std::memory_order_relaxed);
    sum.spans_dropped_unsent += at->dropped.load(std::memory_order_relaxed);
    sum.spans_abandoned += at->abandoned.load(std::memory_order_relaxed);
    sum.created_by_otel += at->created_by_otel.load(std::memory_order_relaxed);
    sum.finished_by_otel += at->finished_by_otel.load(std::memory_order_relaxed);
  }
  return sum;
}

void Tracer::mark_by_otel(Span& span) {
  span.flags |= kByOtel;
  add(my_counts().created_by_otel, 1);
}

Span* Tracer::place(Segment& segment) {
  const base::MutexLock lock(segment.mutex);
  Chunk* chunk = segment.current;
  if (!chunk || !chunk->try_retain()) {
    chunk = Chunk::make(Shared<Segment>::share(&segment)).detach();
    segment.current = chunk;
  }
  Span* span = new (chunk->arena.allocate(sizeof(Span), alignof(Span))) Span;
  span->segment = &segment;
  span->chunk = chunk;
  span->sequence = segment.sequence++;
  if (enabled())
    ++segment.started;
  else
    span->flags = kUnwanted;
  return span;
}

Span* Tracer::start(const StartOptions& options) {
  const ProcessFacts& process = facts();
  const Span* parent = options.parent;
  Segment* segment = parent ? parent->segment : options.segment;
  std::uint64_t parent_id = parent ? parent->id : options.parent_id;
  Shared<Segment> made;
  const std::int64_t now = options.start_ns ? options.start_ns : base::wall_ns();
  const bool continues = segment && segment->trace_id;
  if (!segment || !segment->trace_id) {
    const TraceId id{
        .high = process.wide_trace_ids ? static_cast<std::uint64_t>(now / 1'000'000'000) << 32 : 0,
        .low = base::random_id()};
    made = Segment::make(id);
    if (segment) {
      const base::MutexLock lock(segment->mutex);
      made->baggage = segment->baggage;
      made->meta() = segment->meta();
    }
    segment = made.get();
    parent_id = 0;
  } else if (segment->fork_generation != base::fork_generation()) {
    // A span of the parent process never finishes here: it is a remote parent now.
    made = segment->copy();
    segment = made.get();
    parent = nullptr;
  }

  Span* span = place(*segment);
  add(my_counts().created, 1);
  span->id = base::random_id();
  span->parent_id = parent_id;
  span->parent = parent;
  span->start_ns = now;
  base::Arena& arena = span->chunk->arena;
  span->name = options.known_name.present() ? options.known_name : Text(arena.copy(options.name));
  if (options.type.data()) span->type = type_text(arena, options.type);

  if (options.known_service.present()) {
    span->service = options.known_service;
    span->set_static(tags::kServiceSource, options.known_source);
  } else if (options.service.data()) {
    span->service = options.service == process.service ? Text(process.service)
                                                       : Text(arena.copy(options.service));
    if (options.service_source.data())
      span->set(tags::kServiceSource, options.service_source);
    else if (!options.service.empty())
      span->set_static(tags::kServiceSource, "m");
  } else if (parent) {
    const char* data = parent->service.data;
    const bool immortal = data == process.service.data();
    span->service = immortal || parent->chunk == span->chunk || !data || parent->service.lasts()
                        ? parent->service
                        : Text(arena.copy(parent->service.view()));
    if (parent->attributes && parent->service.size != 0)
      if (const Attribute* const source = parent->find(tags::kServiceSource);
          source && source->kind == AttributeKind::kText && source->text.size != 0)
        span->set(tags::kServiceSource, source->text);
  } else if (!process.service.empty()) {
    span->service = Text(process.service);
  }
  for (const auto& [from, to] : process.service_mapping)
    if (span->service.view() == from) {
      span->service = Text(to);
      break;
    }
  span->resource = options.resource.data() ? Text(arena.copy(options.resource)) : span->name;

  if (continues) {
    const base::MutexLock lock(segment->mutex);
    for (const auto& [name, value] : segment->told() ? segment->meta() : segment->written_meta())
      if (propagated(name) && name != tags::kDecisionMaker.text && name != tags::kTraceSource.text)
        span->set(Key(name), std::string_view(value));
  } else if (!process.hostname.empty()) {
    span->set_static(tags::kHostname, process.hostname);
  }
  if (!parent) span->flags |= kLocalRoot;
  for (const auto& [name, value] : process.tags) span->set(Key(name), std::string_view(value));
  if (!process.env.empty() && !process.otel_semantics) span->flags |= kEnv;
  if (!process.version.empty() && !process.otel_semantics) {
    const Span* root = options.active_root;
    if (root ? same_text(root->service, span->service) && has_version(*root)
             : span->service.view() == process.service)
      span->flags |= kVersion;
  }
  return span;
}

void Tracer::finish(Span* span, std::int64_t end_ns) {
  if (span->flags & (kFinished | kSealed)) return;
  set_service_source(*span, facts());
  span->duration_ns = length_of(span->start_ns, end_ns ? end_ns : base::wall_ns());
  span->flags |= kFinished;
  const bool on = enabled();
  if (on && (!span->parent ||
             (span->service.present() && !same_text(span->service, span->parent->service))))
    set_top_level(*span);
  if (const ChunkHooks* hooks = hooks_.load(std::memory_order_acquire)) {
    if (hooks->ended && on) hooks->ended(*span);
    if (hooks->finished) hooks->finished(*span);
  }
  complete(span, on && !span->has(kUnwanted) ? Ending::kFinished : Ending::kUnwanted);
}

void Tracer::abandon(Span* span) {
  if (span->flags & (kFinished | kSealed)) return;
  span->flags |= kFinished;
  complete(span, Ending::kAbandoned);
}

void Tracer::complete(Span* span, Ending ending) {
  Segment& segment = *span->segment;
  if (segment.fork_generation != base::fork_generation()) return;
  ThreadCounts& counts = my_counts();
  const bool abandoned = ending == Ending::kAbandoned, sent = ending == Ending::kFinished;
  add(abandoned ? counts.abandoned : counts.finished, 1);
  if (!abandoned && span->has(kByOtel)) [[unlikely]]
    add(counts.finished_by_otel, 1);
  if (ending == Ending::kUnwanted) {
    add(counts.dropped, 1);
    const ChunkHooks* const hooks = hooks_.load(std::memory_order_acquire);
    if (hooks && hooks->leave) hooks->leave({span});
  }
  if (!sent && span->has(kUnwanted)) return;
  std::vector<Span*> spans;
  std::vector<Shared<Chunk>> chunks;
  bool partial = false;
  Shared<Segment> keep;  // the chunks may go before the segment is done with
  {
    const base::MutexLock lock(segment.mutex);
    if (!sent) {
      --segment.started;
    } else if (segment.started == 1 && segment.done.empty()) {
      segment.started = 0;
      segment.current = nullptr;
    } else {
      segment.done.push_back(span);
      bool known = false;
      for (const auto& chunk : segment.held) known = known || chunk.get() == span->chunk;
      if (!known) segment.held.push_back(Shared<Chunk>::share(span->chunk));
    }
    const std::size_t done = segment.done.size();
    if (done != 0) {
      const std::uint32_t least = facts().partial_flush_min;
      partial = done < segment.started;
      if (partial && (least == 0 || done < least)) return;
      segment.started -= static_cast<std::uint32_t>(done);
      spans.swap(segment.done);
      chunks.swap(segment.held);
      segment.current = nullptr;  // what starts now goes out with a later delivery
      keep = Shared<Segment>::share(&segment);
    } else if (!sent || segment.started != 0) {
      return;
    }
  }
  if (spans.empty()) {  // the caller's reference keeps the chunk, and that the segment
    deliver_alone(segment, span, hooks_.load(std::memory_order_acquire));
    return;
  }
  deliver(segment, local_root_of(span), spans, chunks, partial);
  // The room of the vectors serves the segment's next trace.
  spans.clear();
  chunks.clear();
  const base::MutexLock lock(segment.mutex);
  if (segment.done.empty()) segment.done.swap(spans);
  if (segment.held.empty()) segment.held.swap(chunks);
}

// The one span of its trace, which is what most traces of clients and workers are.
void Tracer::deliver_alone(Segment& segment, Span* span, const ChunkHooks* hooks) {
  if (hooks && (hooks->filter || hooks->decided || hooks->take || hooks->leave)) {
    std::vector<Span*> spans{span};
    std::vector<Shared<Chunk>> chunks{Shared<Chunk>::share(span->chunk)};
    deliver(segment, local_root_of(span), spans, chunks, false);
    return;
  }
  if (!enabled() || segment.discarded || sink_count_.load(std::memory_order_relaxed) == 0) {
    add(my_counts().dropped, 1);
    return;
  }
  const ProcessFacts& process = facts();
  complete_span(*span, process);
  if (hooks && hooks->decide && !segment.priority) hooks->decide(segment, *local_root_of(span));
  set_trace_tags(segment, *span, process);
  add(my_counts().delivered, 1);
  span->chunk->retain();
  send(segment, {&span, 1}, nullptr, {&span->chunk, 1});
}

// `root` may still be open: the decision is about it, and it tells of it when it is sent.
void Tracer::deliver(Segment& segment, Span* root, std::vector<Span*>& spans,
                     std::vector<Shared<Chunk>>& chunks, bool partial) {
  const std::size_t count = spans.size();
  const ProcessFacts& process = facts();
  const ChunkHooks* hooks = hooks_.load(std::memory_order_acquire);
  if (count > 1) {
    const auto older = [](const Span* a, const Span* b) { return a->sequence < b->sequence; };
    // Mostly a root that ends last, and children in their order.
    if (older(spans.back(), spans.front()))
      std::rotate(spans.begin(), spans.end() - 1, spans.end());
    if (!std::is_sorted(spans.begin(), spans.end(), older))
      std::sort(spans.begin(), spans.end(), older);
  }
  const bool wanted = enabled() && !segment.discarded &&
                      (sink_count_.load(std::memory_order_relaxed) != 0 || (hooks && hooks->take));
  std::vector<Span*> all;
  if (hooks && hooks->leave) all = spans;
  if (wanted && !spans.empty()) {
    if (partial) spans.front()->set(tags::kPartialFlush, static_cast<std::int64_t>(spans.size()));
    for (Span* span : spans) complete_span(*span, process);
    if (hooks && hooks->filter) {
      hooks->filter(spans, chunks);
      for (Span* span : spans)
        if (hooks->leave && std::find(all.begin(), all.end(), span) == all.end())
          all.push_back(span);
    }
    if (!spans.empty()) {
      // Its parents are there as long as its object is.
      Span* const first = spans.front();
      if (first->object || !first->parent) root = local_root_of(first);
      if (hooks && hooks->decide && !segment.priority) hooks->decide(segment, *root);
      if (hooks && hooks->decided && !hooks->decided(segment, spans)) spans.clear();
    }
  } else {
    spans.clear();
  }
  ThreadCounts& counts = my_counts();
  if (count > spans.size()) add(counts.dropped, count - spans.size());
  bool taken = spans.empty();
  Span* second_head = nullptr;
  if (!taken) {
    set_trace_tags(segment, *spans.front(), process);
    second_head = second_head_of(spans, process);
    if (second_head) set_trace_tags(segment, *second_head, process);
    if (Segment& own = *spans.front()->segment; &own != &segment) own.priority = segment.priority;
    add(counts.delivered, spans.size());
    taken = hooks && hooks->take && hooks->take(spans);
  }
  if (hooks && hooks->leave) hooks->leave(all);
  if (taken) return;
  if (chunks.size() == 1) {
    Chunk* const chunk = chunks.front().detach();
    send(segment, spans, second_head, {&chunk, 1});
    return;
  }
  std::vector<Chunk*> held;
  for (Shared<Chunk>& chunk : chunks) held.push_back(chunk.detach());
  send(segment, spans, second_head, held);
}

// Takes over one reference on each chunk.
void Tracer::send(Segment& segment, std::span<Span* const> spans, const Span* second_head,
                  std::span<Chunk* const> chunks) {
  base::Arena& arena = chunks.front()->arena;
  const int sinks = sink_count_.load(std::memory_order_acquire);
  auto* const made =
      static_cast<Delivery*>(arena.allocate(static_cast<std::size_t>(sinks) * sizeof(Delivery) +
                                            (spans.size() + chunks.size()) * sizeof(void*)));
  auto** const list = reinterpret_cast<Span**>(made + sinks);
  auto** const held = reinterpret_cast<Chunk**>(list + spans.size());
  Text origin, maker;
  std::optional<int> priority;
  {
    const base::MutexLock lock(segment.mutex);
    if (!segment.origin.empty()) origin = Text(arena.copy(segment.origin));
    if (const std::string_view by = segment.unwritten_maker(); !by.empty()) maker = Text(by);
    priority = segment.priority;
  }
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    held[i] = chunks[i];
    bytes += chunks[i]->arena.bytes();
    chunks[i]->close();
    for (int s = 1; s < sinks; ++s) chunks[i]->retain();
  }
  for (std::size_t i = 0; i < spans.size(); ++i) {
    list[i] = spans[i];
    spans[i]->flags |= kSealed;
  }
  for (int s = 0; s < sinks; ++s)
    new (made + s)
        Delivery{.spans = list,
                 .count = static_cast<std::uint32_t>(spans.size()),
                 .head = spans.front(),
                 .second_head = second_head,
                 .trace_id = segment.trace_id,
                 .priority = priority,
                 .origin = origin,
                 .maker = maker,
                 .bytes = static_cast<std::uint32_t>(std::min<std::size_t>(bytes, UINT32_MAX)),
                 .fork_generation = segment.fork_generation,
                 .chunks = held,
                 .chunk_count = static_cast<std::uint32_t>(chunks.size())};
  for (int s = 0; s < sinks; ++s) sinks_[s].load(std::memory_order_relaxed)->accept(made + s);
}

Span* Tracer::thaw(const Span& sealed) {
  Chunk* chunk = Chunk::make(Shared<Segment>::share(sealed.segment)).detach();
  base::Arena& arena = chunk->arena;
  Span* span = new (arena.allocate(sizeof(Span), alignof(Span))) Span(sealed);
  span->chunk = chunk;
  span->flags = static_cast<std::uint16_t>(span->flags & ~kSealed);
  span->parent = nullptr;
  for (Text* field : {&span->name, &span->service, &span->resource, &span->type})
    if (field->present()) *field = Text(arena.copy(field->view()));
  span->attributes = span->last_ = nullptr;
  span->attribute_count = 0;
  span->rare_ = nullptr;
  span->seen_ = 0;
  for (const Attribute* at = sealed.attributes; at; at = at->next) {
    const Key key(at->key.view(), at->key.number);
    switch (at->kind) {
      case AttributeKind::kText:
        span->set(key, at->text.view());
        break;
      case AttributeKind::kInt:
        span->set(key, at->integer);
        break;
      case AttributeKind::kDouble:
        span->set(key, at->real);
        break;
    }
  }
  for (const Link* link = sealed.links(); link; link = link->next) {
    Link* copy = add_link(*span, link->trace_id, link->span_id,
                          link->tracestate.present() ? link->tracestate.view() : std::string_view(),
                          link->flags, link->pointer);
    for (const TextPair* pair = link->attributes; pair; pair = pair->next)
      set_link_attribute(*span, *copy, pair->key.view(), pair->value.view());
  }
  const auto fill = [&](EventValue& to, const EventValue& from) {
    to.text = from.text.present() ? copy_text(*span, from.text.view()) : Text();
    to.integer = from.integer;
    to.real = from.real;
  };
  for (const Event* event = sealed.events(); event; event = event->next) {
    Event* copy = add_event(*span, event->name.view(), event->time_unix_ns);
    for (const EventValue* value = event->attributes; value; value = value->next) {
      EventValue* made = add_event_value(*span, *copy, value->key.view(), value->kind);
      fill(*made, *value);
      for (const EventValue* element = value->elements; element; element = element->next)
        fill(*add_array_value(*span, *made, element->kind), *element);
    }
  }
  for (const StructTag* tag = sealed.structs(); tag; tag = tag->next)
    set_struct(*span, tag->key.view(), tag->bytes.view());
  return span;
}

}  // namespace dd::trace
