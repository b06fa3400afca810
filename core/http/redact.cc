#include "core/http/redact.h"

#include <re2/re2.h>

#include "core/http/url.h"

namespace dd::http {
namespace {

constexpr std::string_view kRedacted = "<redacted>";

RE2::Options options() {
  RE2::Options wanted;
  wanted.set_encoding(RE2::Options::EncodingLatin1);  // of the bytes, whatever they mean
  wanted.set_log_errors(false);
  return wanted;
}

}  // namespace

const constinit std::string_view kDefaultQueryPattern =
    R"re((?i)(?:(?:"|%22)?))re"
    R"re((?:(?:old[-_]?|new[-_]?)?p(?:ass)?w(?:or)?d(?:1|2)?|pass(?:[-_]?phrase)?|secret|)re"
    R"re((?:api[-_]?|private[-_]?|public[-_]?|access[-_]?|secret[-_]?|app(?:lication)?[-_]?))re"
    R"re(key(?:[-_]?id)?|token|consumer[-_]?(?:id|key|secret)|sign(?:ed|ature)?|)re"
    R"re(auth(?:entication|orization)?))re"
    R"re((?:(?:\s|%20)*(?:=|%3D)[^&]+|(?:"|%22)(?:\s|%20)*(?::|%3A)(?:\s|%20)*(?:"|%22))re"
    R"re((?:%2[^2]|%[^2]|[^"%])+(?:"|%22))|)re"
    R"re((?:bearer(?:\s|%20)+[a-z0-9._\-]+|token(?::|%3A)[a-z0-9]{13}|gh[opsu]_[0-9a-zA-Z]{36}|)re"
    R"re((^|[^\w%-]|%[0-9a-f]{2})ey[I-L][\w-]+(?:=|%3D)*\.ey[I-L][\w-]+(?:=|%3D)*)re"
    R"re((?:\.(?:[\w.+/=-]|%3D|%2F|%2B)+)?|)re"
    R"re(-{5}BEGIN(?:[a-z\s]|%20)+PRIVATE(?:\s|%20)KEY-{5}[^\-]+-{5}END(?:[a-z\s]|%20)+)re"
    R"re(PRIVATE(?:\s|%20)KEY(?:-{5})?(?:\n|%0A)?|)re"
    R"re((?:ssh-(?:rsa|dss)|ecdsa-[a-z0-9]+-[a-z0-9]+)(?:\s|%20|%09)+(?:[a-z0-9/.+]|%2F|%5C|%2B))re"
    R"re({100,}(?:=|%3D)*(?:(?:\s|%20|%09)+[a-z0-9._-]+)?))re";

struct QueryRedactor::Compiled {
  RE2 pattern;
  bool keeps_delimiter;  // the default pattern's only group is what stands before a token

  explicit Compiled(std::string_view text)
      : pattern(re2::StringPiece(text.data(), text.size()), options()),
        keeps_delimiter(text == kDefaultQueryPattern) {}
};

QueryRedactor::QueryRedactor(std::string_view pattern)
    : compiled_(pattern.empty() ? nullptr : std::make_unique<const Compiled>(pattern)) {}

QueryRedactor::~QueryRedactor() = default;

bool QueryRedactor::usable() const { return !compiled_ || compiled_->pattern.ok(); }

std::string QueryRedactor::query(std::string_view query) const {
  if (!compiled_) return std::string(query);
  std::string out;
  if (usable()) add_query(out, query);
  return out;
}

void QueryRedactor::add_query(std::string& out, std::string_view query) const {
  const re2::StringPiece text(query.data(), query.size());
  re2::StringPiece found[2];
  std::size_t copied = 0, at = 0;
  while (at <= query.size() &&
         compiled_->pattern.Match(text, at, text.size(), RE2::UNANCHORED, found, 2)) {
    const std::size_t begin = static_cast<std::size_t>(found[0].data() - text.data());
    const std::size_t end = begin + found[0].size();
    out.append(query.substr(copied, begin - copied));
    if (compiled_->keeps_delimiter) out.append(found[1].data(), found[1].size());
    out.append(kRedacted);
    copied = end;
    if (end > begin) {
      at = end;
    } else {  // an empty match: pass over one byte
      if (begin < query.size()) out.push_back(query[begin]);
      copied = at = begin + 1;
    }
  }
  if (copied < query.size()) out.append(query.substr(copied));
}

std::string QueryRedactor::url(std::string_view url) const {
  if (!compiled_) return std::string(url);
  if (!usable()) return without_query(url);
  const std::string_view head = url.substr(0, url.find('#'));
  const std::size_t mark = head.find('?');
  if (mark >= head.size() - 1) return std::string(url);  // none, or nothing behind it
  std::string out;
  out.reserve(url.size() + kRedacted.size());
  out.append(url.substr(0, mark + 1));
  add_query(out, head.substr(mark + 1));
  return out.append(url.substr(head.size()));
}

std::string shown_url(std::string_view url, bool with_query, const QueryRedactor& redactor) {
  if (url.find('@') == std::string_view::npos)
    return with_query ? redactor.url(url) : without_query(url);
  const std::string clean = without_credentials(url);
  return with_query ? redactor.url(clean) : without_query(clean);
}

}  // namespace dd::http
