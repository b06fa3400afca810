#include "core/remote_config/trust.h"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <utility>

#include "core/remote_config/ed25519.h"

namespace dd::remote_config {
namespace {

using json::Value;

void quote_canonical(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

bool write_canonical(const Value& value, std::string& out) {
  switch (value.kind()) {
    case Value::Kind::kNull:
      out += "null";
      return true;
    case Value::Kind::kBool:
      out += value.boolean() ? "true" : "false";
      return true;
    case Value::Kind::kNumber: {
      const std::int64_t number = value.integer(INT64_MIN);
      out += std::to_string(number);
      return number != INT64_MIN;
    }
    case Value::Kind::kText:
      quote_canonical(value.text(), out);
      return true;
    case Value::Kind::kArray: {
      char before = '[';
      for (const Value& item : value.items()) {
        out += std::exchange(before, ',');
        if (!write_canonical(item, out)) return false;
      }
      out += before == '[' ? "[]" : "]";
      return true;
    }
    case Value::Kind::kObject: {
      std::map<std::string_view, const Value*> sorted;
      for (const auto& [name, member] : value.members()) sorted[name] = &member;
      char before = '{';
      for (const auto& [name, member] : sorted) {
        out += std::exchange(before, ',');
        quote_canonical(name, out);
        out += ':';
        if (!write_canonical(*member, out)) return false;
      }
      out += before == '{' ? "{}" : "}";
      return true;
    }
  }
  return false;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> from_hex(std::string_view text) {
  std::string out;
  if (text.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

}  // namespace

std::optional<std::string> canonical_json(const Value& value) {
  std::string out;
  if (!write_canonical(value, out)) return std::nullopt;
  return out;
}

std::optional<std::int64_t> parse_expiry(std::string_view text) {
  tm parts{};
  int end = 0;
  const std::string held(text);
  if (std::sscanf(held.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon,
                  &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &end) != 6)
    return std::nullopt;
  std::string_view rest = std::string_view(held).substr(static_cast<std::size_t>(end));
  if (rest.starts_with('.'))
    rest.remove_prefix(std::min(rest.find_first_not_of("0123456789", 1), rest.size()));
  if (rest != "Z") return std::nullopt;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return timegm(&parts);
}

Status Trust::read_role(const Value& content, const char* name, Role& role) {
  const Value& said = content["roles"][name];
  role.threshold = said["threshold"].integer();
  for (const Value& id : said["keyids"].items()) role.key_ids.emplace_back(id.text());
  if (role.threshold < 1 || role.key_ids.empty())
    return Status::error(std::string("the root has no keys for the role ") + name);
  return {};
}

Status Trust::read_root(const Value& content) {
  if (content["_type"].text() != "root") return Status::error("the root is of another type");
  version_ = content["version"].integer();
  const std::optional<std::int64_t> expires = parse_expiry(content["expires"].text());
  if (version_ < 1 || !expires) return Status::error("the root has no version or no end");
  expires_s_ = *expires;
  for (const auto& [id, key] : content["keys"].members()) {
    if (key["keytype"].text() != "ed25519") continue;
    std::optional<std::string> bytes = from_hex(key["keyval"]["public"].text());
    if (bytes && bytes->size() == 32) keys_[id] = std::move(*bytes);
  }
  const Status status = read_role(content, "root", root_);
  return status.ok() ? read_role(content, "targets", targets_) : status;
}

// Equal keys under several names count once.
Status Trust::check(const Value& envelope, const Role& role, const char* what) const {
  if (Status crypto = find_crypto(); !crypto.ok()) return crypto;
  const std::optional<std::string> message = canonical_json(envelope["signed"]);
  if (!message) return Status::error(std::string(what) + " has no canonical form");
  std::set<std::string_view> signers;
  for (const Value& one : envelope["signatures"].items()) {
    const std::string_view id = one["keyid"].text();
    const auto key = keys_.find(std::string(id));
    if (key == keys_.end() || std::ranges::find(role.key_ids, id) == role.key_ids.end()) continue;
    const std::optional<std::string> signature = from_hex(one["sig"].text());
    if (signature && verify_ed25519(key->second, *message, *signature)) signers.insert(key->second);
  }
  if (static_cast<std::int64_t>(signers.size()) >= role.threshold) return {};
  return Status::error(std::string(what) + ": " + std::to_string(signers.size()) +
                       " of the signatures are right, " + std::to_string(role.threshold) +
                       " are needed");
}

Result<Trust> Trust::begin(std::string_view text) {
  const std::optional<Value> envelope = json::parse(text);
  if (!envelope) return Status::error("the configured root is no JSON");
  Trust trust;
  const Status status = trust.read_root((*envelope)["signed"]);
  if (!status.ok()) return status;
  return trust;
}

// Only the last root of a chain must not have expired: check_targets().
Status Trust::follow(std::string_view text) {
  const std::optional<Value> envelope = json::parse(text);
  if (!envelope) return Status::error("a root is no JSON");
  Trust next;
  Status status = next.read_root((*envelope)["signed"]);
  if (!status.ok()) return status;
  if (next.version_ <= version_) return {};
  if (next.version_ != version_ + 1)
    return Status::error("root " + std::to_string(next.version_) + " does not follow root " +
                         std::to_string(version_));
  status = check(*envelope, root_, "the next root, by the last one's keys");
  if (status.ok()) status = next.check(*envelope, next.root_, "the next root, by its own keys");
  if (status.ok()) *this = std::move(next);
  return status;
}

Status Trust::check_targets(std::string_view text, std::int64_t now_s) const {
  if (expires_s_ <= now_s)
    return Status::error("root " + std::to_string(version_) + " has expired");
  const std::optional<Value> envelope = json::parse(text);
  if (!envelope) return Status::error("targets are no JSON");
  const Value& content = (*envelope)["signed"];
  if (content["_type"].text() != "targets") return Status::error("targets are of another type");
  const std::optional<std::int64_t> expires = parse_expiry(content["expires"].text());
  if (!expires || *expires <= now_s) return Status::error("targets have expired");
  return check(*envelope, targets_, "targets");
}

}  // namespace dd::remote_config
