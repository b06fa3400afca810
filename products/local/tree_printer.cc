#include "products/local/tree_printer.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "core/base/streams.h"
#include "core/config/setting.h"
#include "core/encoding/utf8.h"

namespace dd::local {
namespace {

constexpr std::size_t kMaxLeft = 60, kMaxError = 100;
constexpr std::string_view kBold = "\x1b[1m", kDim = "\x1b[2m", kRed = "\x1b[31m",
                           kPlain = "\x1b[0m";

struct Row {
  const trace::Span* span;
  std::string branch;
};

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// One line of at most `most` characters; what would move the cursor becomes a space.
std::string one_line(std::string_view text, std::size_t most) {
  std::string out;
  std::size_t characters = 0;
  bool blank = false;
  for (const char* at = text.data(); at < text.data() + text.size();) {
    const std::uint32_t c = encoding::next_character(at, text.data() + text.size());
    if (c <= ' ' || c == 0x7F || (c >= 0x80 && c < 0xA0)) {
      blank = !out.empty();
      continue;
    }
    if (characters + 1 + blank >= most) return out + "…";
    if (blank) out += ' ';
    characters += 1 + blank;
    blank = false;
    encoding::append_utf8(out, c);
  }
  return out;
}

std::string duration(std::int64_t ns) {
  char text[32];
  const double value = static_cast<double>(ns);
  if (ns < 1'000'000)
    std::snprintf(text, sizeof(text), "%.0f µs", value / 1e3);
  else if (ns < 1'000'000'000)
    std::snprintf(text, sizeof(text), "%.1f ms", value / 1e6);
  else
    std::snprintf(text, sizeof(text), "%.2f s ", value / 1e9);
  return text;
}

void add_children(const trace::Delivery& delivery, std::uint64_t parent, const std::string& indent,
                  std::vector<Row>& rows, std::vector<bool>& seen) {
  std::vector<std::uint32_t> children;
  for (std::uint32_t i = 0; i < delivery.count; ++i)
    if (!seen[i] && delivery.spans[i]->parent_id == parent) children.push_back(i);
  std::stable_sort(children.begin(), children.end(), [&](std::uint32_t a, std::uint32_t b) {
    return delivery.spans[a]->start_ns < delivery.spans[b]->start_ns;
  });
  for (const std::uint32_t i : children) seen[i] = true;
  for (const std::uint32_t i : children) {
    const bool last = i == children.back();
    rows.push_back({delivery.spans[i], indent + (last ? "└─ " : "├─ ")});
    // Past this depth the tree would leave the screen; the rest stays at its edge.
    const std::string deeper = indent.size() < 80 ? indent + (last ? "   " : "│  ") : indent;
    if (rows.size() < 10'000 && indent.size() < 400)
      add_children(delivery, delivery.spans[i]->id, deeper, rows, seen);
  }
}

std::vector<Row> rows_of(const trace::Delivery& delivery) {
  std::vector<Row> rows;
  std::vector<bool> seen(delivery.count);
  // Roots first: spans whose parent is not here (a remote one, or still running).
  for (std::uint32_t i = 0; i < delivery.count; ++i) {
    const std::uint64_t parent = delivery.spans[i]->parent_id;
    bool here = false;
    for (std::uint32_t k = 0; parent && !here && k < delivery.count; ++k)
      here = delivery.spans[k]->id == parent;
    if (here || seen[i]) continue;
    seen[i] = true;
    rows.push_back({delivery.spans[i], ""});
    add_children(delivery, delivery.spans[i]->id, "", rows, seen);
  }
  return rows;
}

const trace::Attribute* find(const trace::Span& span, std::string_view name) {
  const trace::Attribute* a = span.attributes;
  while (a && a->key.view() != name) a = a->next;
  return a;
}

std::string_view text_of(const trace::Span& span, std::string_view name) {
  const trace::Attribute* a = find(span, name);
  return a && a->kind == trace::AttributeKind::kText ? a->text.view() : std::string_view();
}

std::string notes(const trace::Span& span, bool colours) {
  std::string out;
  const auto add = [&out](std::string_view text) {
    if (text.empty()) return;
    if (!out.empty()) out += "  ";
    out += text;
  };
  add(text_of(span, "http.status_code"));
  if (span.resource.view().find('/') == std::string_view::npos)
    add(one_line(text_of(span, "http.url"), 60));
  if (const trace::Attribute* a = find(span, "db.row_count");
      a && a->kind != trace::AttributeKind::kText) {
    const long rows =
        a->kind == trace::AttributeKind::kInt ? a->integer : static_cast<long>(a->real);
    if (rows >= 0) add(std::to_string(rows) + (rows == 1 ? " row" : " rows"));
  }
  if (span.error) {
    std::string problem = "✗ " + one_line(text_of(span, "error.type"), kMaxError);
    if (const auto message = text_of(span, "error.message"); !message.empty())
      problem += ": " + one_line(message, kMaxError);
    add(colours ? std::string(kRed) + problem + std::string(kPlain) : problem);
  }
  return out;
}

}  // namespace

std::string render_tree(const trace::Delivery& delivery, bool colours) {
  struct Line {
    std::string branch, name, resource, time, service, notes;
    std::size_t left;
  };
  std::vector<Line> lines;
  std::size_t left = 0, time = 0, service = 0;
  for (const Row& row : rows_of(delivery)) {
    const trace::Span& span = *row.span;
    Line line{row.branch,
              one_line(span.name.view(), 40),
              {},
              duration(span.duration_ns),
              one_line(span.service.view(), 30),
              notes(span, colours),
              0};
    if (span.resource.view() != span.name.view()) {
      const std::size_t used = width(line.branch) + width(line.name) + 1;
      line.resource = one_line(span.resource.view(), used + 12 < kMaxLeft ? kMaxLeft - used : 12);
    }
    line.left = width(line.branch) + width(line.name) +
                (line.resource.empty() ? 0 : 1 + width(line.resource));
    left = std::max(left, line.left);
    time = std::max(time, width(line.time));
    service = std::max(service, width(line.service));
    lines.push_back(std::move(line));
  }
  std::string out;
  const auto paint = [&](std::string_view colour, std::string_view text) {
    if (colours) out += colour;
    out += text;
    if (colours) out += kPlain;
  };
  for (const Line& line : lines) {
    paint(kDim, line.branch);
    paint(kBold, line.name);
    if (!line.resource.empty()) (out += ' ') += line.resource;
    out.append(left - line.left + 2 + time - width(line.time), ' ');
    out += line.time;
    out += "  ";
    paint(kDim, line.service);
    if (!line.notes.empty()) {
      out.append(service - width(line.service) + 2, ' ');
      out += line.notes;
    }
    while (out.ends_with(' ')) out.pop_back();
    out += '\n';
  }
  return out;
}

void TreePrinter::accept(trace::Delivery* delivery) {
  const std::string text = render_tree(*delivery, colours_);
  trace::Delivery::drop(delivery);
  if (!base::has_stderr()) return;
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t written = write(2, text.data() + at, text.size() - at);
    if (written <= 0) break;
    at += static_cast<std::size_t>(written);
  }
}

void start_tree_printer() {
  const auto no_color = config::variable("NO_COLOR");
  static TreePrinter* const printer =
      new TreePrinter(isatty(2) == 1 && (!no_color || no_color->empty()));
  trace::Tracer::get().add_sink(printer);
}

}  // namespace dd::local
