#include "core/encoding/json_traces.h"

#include <cmath>
#include <string_view>

#include "core/encoding/extras.h"
#include "core/encoding/python_json.h"
#include "core/encoding/span_facts.h"
#include "core/encoding/utf8.h"

namespace dd::encoding {
namespace {

enum class JsonForm : std::uint8_t { kLog, kIntake };

// Names and values of one JSON object; separators as Python writes them.
class JsonFields {
 public:
  explicit JsonFields(std::string& out) : out_(out) { out_ += '{'; }
  std::string& name(std::string_view key) {
    if (!first_) out_ += ", ";
    first_ = false;
    python_json::append_text(out_, key);
    out_ += ": ";
    return out_;
  }
  void text(std::string_view key, std::string_view value) {
    python_json::append_text(name(key), value);
  }
  void close() { out_ += '}'; }
  bool empty() const { return first_; }

 private:
  std::string& out_;
  bool first_ = true;
};

void append_id(std::string& out, std::uint64_t id, JsonForm form) {
  char digits[16];
  base::hex16(id, digits);
  if (form == JsonForm::kLog)
    for (char& c : digits)
      if (c >= 'a') c = static_cast<char>(c - 32);
  out += '"';
  out.append(digits, sizeof(digits));
  out += '"';
}

// What is whole is written so.
void append_number(std::string& out, double value) {
  if (std::abs(value) < 1e15 && value == std::trunc(value))
    python_json::append_int(out, static_cast<std::int64_t>(value));
  else
    python_json::append_double(out, value);
}

class JsonSpan {
 public:
  JsonSpan(std::string& out, const trace::Span& span, const trace::Delivery& delivery,
           const trace::ProcessFacts& facts, const IntakeFacts* intake, bool head,
           double keep_rate = 1)
      : out_(out),
        span_(span),
        delivery_(delivery),
        facts_(facts),
        intake_(intake),
        form_(intake ? JsonForm::kIntake : JsonForm::kLog),
        head_(head),
        keep_rate_(keep_rate),
        flags_(flags_of(span, delivery)) {}

  void write(bool native_events) {
    JsonFields fields(out_);
    append_id(fields.name("trace_id"), delivery_.trace_id.low, form_);
    append_id(fields.name("parent_id"), span_.parent_id, form_);
    append_id(fields.name("span_id"), span_.id, form_);
    fields.text("service", span_.service.view());
    fields.text("resource", tidied({}, span_.resource.view()));
    fields.text("name", span_.name.view());
    python_json::append_int(fields.name("error"), span_.error);
    python_json::append_int(fields.name("start"), span_.start_ns);
    python_json::append_int(fields.name("duration"), span_.duration_ns);
    for (const auto part : {&JsonSpan::texts, &JsonSpan::numbers}) {
      const std::size_t before = out_.size();
      out_ += part == &JsonSpan::texts ? ", \"meta\": " : ", \"metrics\": ";
      if (!(this->*part)() && !intake_) out_.resize(before);
    }
    if (span_.type.size) fields.text("type", span_.type.view());
    if (form_ == JsonForm::kLog) {
      if (span_.links()) append_links_json(fields.name("span_links"), span_.links());
      if (span_.events() && native_events)
        append_events_json(fields.name("span_events"), span_.events());
    }
    fields.close();
  }

 private:
  std::string_view tidied(std::string_view key, std::string_view value) {
    if (!intake_) return value;
    if (intake_->tidy) value = intake_->tidy(span_, key, value, storage_);
    return tidy(value, tidy_storage_);
  }
  bool texts() {  // false: none
    JsonFields fields(out_);
    const auto one = [&](std::string_view key, std::string_view value) { fields.text(key, value); };
    for_each_text_fact(flags_, facts_, one);
    for_each_trace_text(flags_, delivery_, one);
    for (const trace::Attribute* a = span_.attributes; a; a = a->next)
      if (a->kind == trace::AttributeKind::kText)
        one(a->key.view(), tidied(a->key.view(), a->text.view()));
    if (form_ == JsonForm::kIntake) {
      if (span_.links())
        cut(fields, kLinksTag, [&](std::string& to) { append_links_json(to, span_.links()); });
      if (span_.events())
        cut(fields, kEventsTag, [&](std::string& to) { append_events_json(to, span_.events()); });
      if (head_ && facts_.hostname.empty()) one("_dd.hostname", intake_->hostname);
      if (head_ && !intake_->statistics_come_too) one("_dd.compute_stats", "1");
      if (intake_->query_of)
        if (const std::string query = intake_->query_of(span_); !query.empty())
          one("sql.query", query);
    }
    fields.close();
    return !fields.empty();
  }
  template <class F>
  static void cut(JsonFields& fields, std::string_view key, F&& append) {
    constexpr std::size_t kMost = 25'000;
    std::string text;
    append(text);
    if (text.size() > kMost) text.replace(kMost, std::string::npos, "...");
    fields.text(key, text);
  }
  bool numbers() {
    JsonFields fields(out_);
    const auto one = [&](std::string_view key, double value) {
      if (std::isfinite(value)) append_number(fields.name(key), value);
    };
    for_each_number_fact(flags_, facts_, one);
    if (intake_)
      for_each_trace_number(span_, flags_, delivery_, keep_rate_, one);
    else if ((flags_ & trace::kChunkHead) && delivery_.priority)
      one("_sampling_priority_v1", *delivery_.priority);
    if (form_ == JsonForm::kIntake && span_.parent_id == 0) one("_trace_root", 1);
    for (const trace::Attribute* a = span_.attributes; a; a = a->next) {
      if (a->kind == trace::AttributeKind::kInt)
        python_json::append_int(fields.name(a->key.view()), a->integer);
      else if (a->kind != trace::AttributeKind::kText && std::isfinite(a->real))
        python_json::append_double(fields.name(a->key.view()), a->real);
    }
    fields.close();
    return !fields.empty();
  }

  std::string& out_;
  const trace::Span& span_;
  const trace::Delivery& delivery_;
  const trace::ProcessFacts& facts_;
  const IntakeFacts* const intake_;  // null: a line of a log
  const JsonForm form_;
  const bool head_;
  const double keep_rate_;
  const std::uint16_t flags_;
  std::string storage_, tidy_storage_;
};

class Intake final : public TraceEncoder {
 public:
  Intake(FactsSource facts, const IntakeFacts& intake) : facts_(facts), intake_(intake) {}

  bool add(const trace::Delivery& delivery, std::size_t limit_bytes) override {
    const std::size_t before = text_.size();
    const trace::ProcessFacts& facts = facts_();
    if (before != 0) text_ += ", ";
    JsonFields fields(text_);
    fields.text("hostname", intake_.hostname);
    fields.text("env", facts.env);
    fields.text("languageName", "python");
    fields.text("languageVersion", intake_.language_version);
    fields.text("tracerVersion", intake_.tracer_version);
    fields.text("runtimeID", facts.runtime_id);
    if (!intake_.container_id.empty()) fields.text("containerID", intake_.container_id);
    fields.name("spans") += '[';
    for (std::uint32_t i = 0; i < delivery.count; ++i) {
      if (i > 0) text_ += ", ";
      JsonSpan(text_, *delivery.spans[i], delivery, facts, &intake_, i == 0, keep_rate_)
          .write(false);
      if (text_.size() + kAround > limit_bytes) {
        text_.resize(before);
        return false;
      }
    }
    text_ += ']';
    fields.close();
    ++chunks_;
    spans_ += delivery.count;
    return true;
  }
  std::size_t bytes() const override { return text_.empty() ? 0 : text_.size() + kAround; }
  void take(Buffer& out) override {
    out.truncate(0);
    out.append(kHead);
    out.append(text_);
    out.append(kTail);
    text_.clear();
    chunks_ = 0;
    spans_ = 0;
  }
  std::string_view path() const override { return "/v1/input"; }
  std::string_view content_type() const override { return "application/json"; }

 private:
  static constexpr std::string_view kHead = "{\"traces\": [", kTail = "]}";
  static constexpr std::size_t kAround = kHead.size() + kTail.size();
  const FactsSource facts_;
  const IntakeFacts intake_;
  std::string text_;
};

}  // namespace

std::string log_line(const trace::Delivery& delivery, const trace::ProcessFacts& facts,
                     bool native_events) {
  std::string out = "{\"traces\": [[";
  for (std::uint32_t i = 0; i < delivery.count; ++i) {
    if (i > 0) out += ", ";
    JsonSpan(out, *delivery.spans[i], delivery, facts, nullptr, i == 0).write(native_events);
  }
  return out += "]]}\n";
}

std::unique_ptr<TraceEncoder> make_intake(FactsSource facts, const IntakeFacts& intake) {
  return std::make_unique<Intake>(facts, intake);
}

}  // namespace dd::encoding
