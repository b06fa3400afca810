#include "core/http/url.h"

#include "core/base/ascii.h"

namespace dd::http {
namespace {

constexpr auto kNowhere = std::string_view::npos;

bool is_scheme(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (!base::is_letter_or_digit(c) && c != '+' && c != '-' && c != '.') return false;
  }
  return true;
}

}  // namespace

Url parse(std::string_view url) {
  Url parts;
  if (const auto hash = url.find('#'); hash != kNowhere) {
    parts.fragment = url.substr(hash + 1);
    url = url.substr(0, hash);
  }
  if (const auto mark = url.find('?'); mark != kNowhere) {
    parts.has_query = true;
    parts.query = url.substr(mark + 1);
    url = url.substr(0, mark);
  }
  if (const auto colon = url.find(':'); colon != kNowhere && is_scheme(url.substr(0, colon))) {
    parts.scheme = url.substr(0, colon);
    url = url.substr(colon + 1);
  }
  if (url.starts_with("//")) {
    url = url.substr(2);
    const auto slash = url.find('/');
    parts.authority = url.substr(0, slash);
    url = slash == kNowhere ? std::string_view() : url.substr(slash);
    if (const auto at = parts.authority.rfind('@'); at != kNowhere) {
      parts.credentials = parts.authority.substr(0, at);
      parts.authority = parts.authority.substr(at + 1);
    }
    parts.host = parts.authority;
    std::string_view rest;
    if (const auto close = parts.host.find(']'); parts.host.starts_with('[') && close != kNowhere) {
      rest = parts.host.substr(close + 1);
      parts.host = parts.host.substr(1, close - 1);
    } else if (const auto colon = parts.host.find(':'); colon != kNowhere) {
      rest = parts.host.substr(colon);
      parts.host = parts.host.substr(0, colon);
    }
    if (rest.starts_with(':')) parts.port = rest.substr(1);
  }
  const auto slash = url.rfind('/');
  parts.path = url.substr(0, url.find(';', slash == kNowhere ? 0 : slash));
  return parts;
}

std::string without_credentials(std::string_view url) {
  if (url.find('@') == kNowhere) return std::string(url);
  const Url parts = parse(url);
  if (!parts.credentials.data()) return std::string(url);
  std::string out;
  out.reserve(url.size());
  if (!parts.scheme.empty()) out.append(parts.scheme).append(":");
  out.append("//").append(parts.authority).append(parts.path);
  if (!parts.query.empty()) out.append("?").append(parts.query);
  return out;
}

std::string without_query(std::string_view url) {
  const auto hash = url.find('#');
  const std::string_view head = url.substr(0, hash);
  std::string out(head.substr(0, head.find('?')));
  if (hash != kNowhere) out.append(url.substr(hash));
  return out;
}

}  // namespace dd::http
