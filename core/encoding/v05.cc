#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>
#include <vector>

#include "core/encoding/encoder.h"
#include "core/encoding/extras.h"
#include "core/encoding/msgpack.h"
#include "core/encoding/span_facts.h"
#include "core/encoding/utf8.h"
#include "core/trace/names.h"
#include "core/trace/tags.h"

namespace dd::encoding {
namespace {

using namespace msgpack;

// Texts that have a place of their own to remember their index.
enum Fixed { kService, kHighId, kOrigin, kMaker, kKeepRate, kPriority, kFixedCount };

// Every text of a payload once, in order of appearance. Index 0 is the empty one.
class StringTable {
 public:
  StringTable() { clear(); }

  // Texts and indexes survive until clear() or rewind().
  std::uint32_t index(std::string_view text) {
    if (text.empty()) return 0;
    if (const std::uint32_t found = find(text)) return found;
    const std::string_view tidied = tidy(text, repaired_);
    if (tidied.data() != text.data())
      if (const std::uint32_t found = find(tidied)) return found;
    return insert(tidied);
  }

  // What is remembered besides the texts: for when a fact changed.
  void forget() {
    std::fill(std::begin(numbered_), std::end(numbered_), 0);
    std::fill(std::begin(fixed_), std::end(fixed_), 0);
    std::fill(std::begin(last_), std::end(last_), 0);
    std::fill(std::begin(lasting_), std::end(lasting_), Lasting());
  }

  // The index of a text that stays the same until forget().
  std::uint32_t fixed(Fixed place, std::string_view text) {
    std::uint32_t& known = fixed_[place];
    if (!known) known = index(text);
    return known;
  }
  // The index of a text that is mostly that of the call before with this place.
  std::uint32_t same(Fixed place, std::string_view text) {
    if (const std::uint32_t last = last_[place]) {
      const Entry& entry = entries_[last];
      if (out_.view().substr(entry.text, entry.size) == text) return last;
    }
    return last_[place] = index(text);
  }

  // Texts with a number are looked up once.
  std::uint32_t index(const trace::Text& text) {
    if (!text.number) return index(text.view());
    if (text.number == trace::Text::kLasting) return lasting(text);
    std::uint32_t& known = numbered_[text.number];
    if (!known) known = index(text.view());
    return known;
  }

  std::uint32_t count() const { return static_cast<std::uint32_t>(entries_.size()); }
  std::size_t bytes() const { return out_.size(); }
  std::string_view encoded() const { return out_.view(); }

  // Forgets what came after `count` entries (a chunk that was not taken). The newest go first, so
  // that no entry's way to its slot is interrupted.
  void rewind(std::uint32_t count) {
    if (count >= entries_.size()) return;
    const std::size_t mask = slots_.size() - 1;
    for (std::uint32_t place = this->count(); place-- > count;) {
      std::size_t slot = entries_[place].hash & mask;
      while (slots_[slot] != place) slot = (slot + 1) & mask;
      slots_[slot] = 0;
    }
    out_.truncate(entries_[count].begin);
    entries_.resize(count);
    forget();
  }

  void clear() {
    out_.truncate(0);
    if (out_.capacity() > (1 << 20)) out_.release();
    entries_.clear();
    forget();
    if (slots_.size() != kFirstSlots) slots_.assign(kFirstSlots, 0);
    std::fill(slots_.begin(), slots_.end(), 0);
    out_.push(static_cast<char>(0xA0));
    entries_.push_back({0, 1, 0, 0});
  }

 private:
  static constexpr std::size_t kFirstSlots = 1024;
  struct Entry {
    std::uint32_t begin, text, size, hash;  // places in out_: of the header, of the characters
  };

  struct Lasting {
    const char* data = nullptr;
    std::uint32_t size = 0, index = 0;
  };
  static constexpr std::size_t kLastings = 256;

  // A text that stays where it is, known by its address.
  std::uint32_t lasting(const trace::Text& text) {
    const auto address = reinterpret_cast<std::uintptr_t>(text.data);
    Lasting& known = lasting_[(address ^ address >> 8) % kLastings];
    if (known.data != text.data || known.size != text.size)
      known = {text.data, text.size, index(text.view())};
    return known.index;
  }

  static std::uint32_t hash(std::string_view text) {
    std::uint64_t h = 0x9E3779B97F4A7C15ull ^ text.size();
    const auto mix = [&h](std::uint64_t word) {
      const auto wide = static_cast<unsigned __int128>(h ^ word) * 0xD6E8FEB86659FD93ull;
      h = static_cast<std::uint64_t>(wide) ^ static_cast<std::uint64_t>(wide >> 64);
    };
    if (text.size() <= 8) {
      mix(short_word(text.data(), text.size()));
    } else {
      for (std::size_t at = 0; at + 8 < text.size(); at += 8)
        mix(load<std::uint64_t>(text.data() + at));
      mix(load<std::uint64_t>(text.data() + text.size() - 8));
    }
    return static_cast<std::uint32_t>(h >> 32 ^ h);
  }

  // Most texts are short: neither hash nor comparison calls anything for them. Parts may overlap.
  template <class T>
  static T load(const char* at) {
    T word;
    std::memcpy(&word, at, sizeof word);
    return word;
  }
  // All of a text of at most eight characters.
  static std::uint64_t short_word(const char* at, std::size_t size) {
    if (size >= 4)
      return load<std::uint32_t>(at) | std::uint64_t{load<std::uint32_t>(at + size - 4)} << 32;
    if (size == 0) return 0;
    const auto letter = [at](std::size_t place) {
      return std::uint64_t{static_cast<unsigned char>(at[place])};
    };
    return letter(0) | letter(size / 2) << 8 | letter(size - 1) << 16;
  }
  static bool equal(const char* a, const char* b, std::size_t size) {
    if (size <= 8) return short_word(a, size) == short_word(b, size);
    if (size > 16) return std::memcmp(a, b, size) == 0;
    return load<std::uint64_t>(a) == load<std::uint64_t>(b) &&
           load<std::uint64_t>(a + size - 8) == load<std::uint64_t>(b + size - 8);
  }

  std::uint32_t find(std::string_view text) const {
    const std::uint32_t h = hash(text);
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t slot = h & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
      const Entry& entry = entries_[slots_[slot]];
      if (entry.hash == h && entry.size == text.size() &&
          equal(out_.view().data() + entry.text, text.data(), text.size()))
        return slots_[slot];
    }
    return 0;
  }

  std::uint32_t insert(std::string_view text) {
    const auto begin = static_cast<std::uint32_t>(out_.size());
    write_text(out_, text);
    const auto size = static_cast<std::uint32_t>(text.size());
    const std::uint32_t place = count();
    entries_.push_back({begin, static_cast<std::uint32_t>(out_.size()) - size, size, hash(text)});
    if (entries_.size() * 2 > slots_.size()) {
      slots_.resize(slots_.size() * 2);
      place_all();
    } else {
      put(place);
    }
    return place;
  }

  void put(std::uint32_t place) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = entries_[place].hash & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = place;
  }
  void place_all() {
    std::fill(slots_.begin(), slots_.end(), 0);
    for (std::uint32_t i = 1; i < count(); ++i) put(i);
  }

  Buffer out_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;
  std::uint32_t numbered_[trace::kMostNames] = {};
  std::uint32_t fixed_[kFixedCount] = {};
  std::uint32_t last_[kFixedCount] = {};
  Lasting lasting_[kLastings];
  std::string repaired_;
};

class V05 final : public TraceEncoder {
 public:
  explicit V05(FactsSource facts) : facts_(facts) {}

  bool add(const trace::Delivery& delivery, std::size_t limit_bytes) override {
    if (bytes() >= limit_bytes) return false;
    const std::size_t before = out_.size();
    const std::uint32_t strings_before = strings_.count();
    const trace::ProcessFacts& facts = facts_();
    if (facts.revision != revision_) {
      prepared_.clear();
      strings_.forget();
      revision_ = facts.revision;
    }
    out_.advance_to(put_array(out_.room(kMaxHeader), delivery.count));
    for (std::uint32_t i = 0; i < delivery.count; ++i) {
      write_span(*delivery.spans[i], delivery, facts);
      if (bytes() > limit_bytes) {
        out_.truncate(before);
        strings_.rewind(strings_before);
        prepared_.clear();
        return false;
      }
    }
    ++chunks_;
    spans_ += delivery.count;
    return true;
  }

  std::size_t bytes() const override { return out_.size() + strings_.bytes() + 1 + 2 * kMaxHeader; }

  bool parts(Parts& out) const override {
    char* const lead = out.room[0];
    lead[0] = static_cast<char>(0x92);
    const char* end = put_array(lead + 1, strings_.count());
    out.lead = {lead, static_cast<std::size_t>(end - lead)};
    out.first = strings_.encoded();
    char* const middle = out.room[1];
    end = put_array(middle, chunks_);
    out.middle = {middle, static_cast<std::size_t>(end - middle)};
    out.second = out_.view();
    return true;
  }

  void take(Buffer& out) override {
    Parts all;
    (void)parts(all);
    out.truncate(0);
    for (const std::string_view part : {all.lead, all.first, all.middle, all.second})
      out.append(part);
    out_.truncate(0);
    if (out_.capacity() > (1 << 20)) out_.release();
    strings_.clear();
    prepared_.clear();
    chunks_ = 0;
    spans_ = 0;
  }

  std::string_view path() const override { return "/v0.5/traces"; }

 private:
  static bool hidden(const trace::Span& span, const trace::Attribute& attribute) {
    return (span.events() && attribute.key.view() == kEventsTag) ||
           (span.links() && attribute.key.view() == kLinksTag);
  }

  void write_span(const trace::Span& span, const trace::Delivery& delivery,
                  const trace::ProcessFacts& facts) {
    const std::uint16_t flags = flags_of(span, delivery);
    const Prepared::Piece& text_facts =
        prepared_.texts(flags, [&](std::uint16_t wanted, Prepared::Piece& piece) {
          for_each_text_fact(wanted, facts, [&](std::string_view key, std::string_view value) {
            char pair[2 * kMaxHeader];
            char* const key_end = put_index(pair, strings_.index(key));
            char* const end = put_index(key_end, strings_.index(value));
            piece.bytes.append(static_cast<const char*>(pair), static_cast<const char*>(end));
            ++piece.count;
          });
        });
    const Prepared::Piece& number_facts =
        prepared_.numbers(flags, [&](std::uint16_t wanted, Prepared::Piece& piece) {
          for_each_number_fact(wanted, facts, [&](std::string_view key, double value) {
            char pair[kMaxHeader + 9];
            char* const end = put_double(put_index(pair, strings_.index(key)), value);
            piece.bytes.append(static_cast<const char*>(pair), static_cast<const char*>(end));
            ++piece.count;
          });
        });
    std::uint32_t texts = text_facts.count + (span.links() != nullptr) + (span.events() != nullptr);
    std::uint32_t numbers = number_facts.count;
    for (const trace::Attribute* a = span.attributes; a; a = a->next) {
      if (a->kind != trace::AttributeKind::kText)
        ++numbers;
      else if (!hidden(span, *a))
        ++texts;
    }
    for_each_trace_text(flags, delivery, [&](auto&&...) { ++texts; });
    for_each_trace_number(span, flags, delivery, keep_rate_, [&](auto&&...) { ++numbers; });

    constexpr std::size_t kFields = 128;  // the fixed part at its longest is 79 bytes
    char* at = out_.room(kFields + texts * 10 + numbers * 14);
    *at++ = static_cast<char>(0x9C);
    // Most spans have the process' service, and their name as resource.
    const bool usual_service = span.service.data == facts.service.data();
    at = put_index(
        at, usual_service ? strings_.fixed(kService, facts.service) : strings_.index(span.service));
    const std::uint32_t name = strings_.index(span.name);
    at = put_index(at, name);
    at = put_index(at, span.resource.data == span.name.data ? name : strings_.index(span.resource));
    at = put_unsigned(at, delivery.trace_id.low);
    at = put_unsigned(at, span.id);
    at = put_unsigned(at, span.parent_id);
    at = put_signed(at, std::max<std::int64_t>(span.start_ns, 0));
    at = put_signed(at, std::max<std::int64_t>(span.duration_ns, 0));
    at = put_signed(at, span.error);
    const auto put_texts = [&](std::string_view key, std::string_view value) {
      at = put_index(at, strings_.index(key));
      at = put_index(at, strings_.index(value));
    };
    const auto put_piece = [&](const Prepared::Piece& piece) {
      std::memcpy(at, piece.bytes.data(), piece.bytes.size());
      at += piece.bytes.size();
    };
    at = put_map(at, texts);
    for (const trace::Attribute* a = span.attributes; a; a = a->next) {
      if (a->kind != trace::AttributeKind::kText || hidden(span, *a)) continue;
      at = put_index(at, strings_.index(a->key));
      at = put_index(at, strings_.index(a->text));
    }
    put_piece(text_facts);
    for_each_trace_text(flags, delivery, [&](std::string_view key, std::string_view value) {
      const Fixed place = key.size() == 9 ? kHighId : key.size() == 8 ? kMaker : kOrigin;
      at = put_index(at, strings_.fixed(place, key));
      at = put_index(at, strings_.same(place, value));
    });
    if (span.links()) {
      json_.clear();
      append_links_json(json_, span.links());
      put_texts(kLinksTag, json_);
    }
    if (span.events()) {
      json_.clear();
      append_events_json(json_, span.events());
      put_texts(kEventsTag, json_);
    }
    at = put_map(at, numbers);
    for (const trace::Attribute* a = span.attributes; a; a = a->next) {
      if (a->kind == trace::AttributeKind::kText) continue;
      at = put_index(at, strings_.index(a->key));
      at = put_double(
          at, a->kind == trace::AttributeKind::kInt ? static_cast<double>(a->integer) : a->real);
    }
    put_piece(number_facts);
    for_each_trace_number(
        span, flags, delivery, keep_rate_, [&](std::string_view key, double value) {
          at = put_index(at, strings_.fixed(key.size() == 13 ? kKeepRate : kPriority, key));
          at = put_double(at, value);
        });
    at = put_index(at, strings_.index(span.type));
    out_.advance_to(at);
  }

  const FactsSource facts_;
  std::uint64_t revision_ = 0;
  Prepared prepared_;
  std::string json_;
  StringTable strings_;
  Buffer out_;
};

}  // namespace

std::unique_ptr<TraceEncoder> make_v05(FactsSource facts) { return std::make_unique<V05>(facts); }

}  // namespace dd::encoding
