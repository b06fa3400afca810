#include "contrib/rules/naming.h"

namespace dd::contrib {
namespace {

std::string_view without_blanks(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> parse_mapping(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view piece = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    const auto colon = piece.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view from = without_blanks(piece.substr(0, colon));
    const std::string_view to = without_blanks(piece.substr(colon + 1));
    if (!from.empty() && !to.empty()) out.emplace_back(from, to);
  }
  return out;
}

Naming::Naming(NamingFacts facts) : facts_(std::move(facts)) {}

std::string_view Naming::operation(const Operation& names) const {
  return facts_.schema == Schema::kV1 ? names.v1 : names.v0;
}

std::string_view Naming::fallback(const NameQuestion& question) const {
  return only_process() || question.fallback.empty() ? std::string_view(facts_.service)
                                                     : question.fallback;
}

Named Naming::of_server(const NameQuestion& question) const {
  if (!question.own.empty()) return named(question.own, question);
  if (facts_.service_is_users) return named(facts_.service, question);
  return named(fallback(question), question);
}

Named Naming::of_client(const NameQuestion& question) const {
  if (!question.domain.empty()) return named(question.domain, question);
  if (!question.own.empty()) return named(question.own, question);
  return named(fallback(question), question);
}

Named Naming::mapped(const Named& named) const {
  for (const auto& [from, to] : facts_.mapping)
    if (from == named.service) return {to, "opt.service_mapping", named.source};
  return named;
}

Named Naming::named(std::string_view service, const NameQuestion& question) const {
  const bool is_own = service == fallback(question);
  Named out = mapped({service, is_own ? question.integration : "m"});
  if (!out.before.empty())
    out.before = is_own ? service : "m";
  else if (!question.domain.empty())
    out.source = "opt.split_by_domain";
  return out;
}

}  // namespace dd::contrib
