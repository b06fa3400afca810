#include "core/remote_config/repository.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/base64.h"
#include "core/base/clock.h"
#include "core/base/sha256.h"
#include "core/config/parse.h"
#include "core/json/json.h"

namespace dd::remote_config {
namespace {

std::string_view next_part(std::string_view& path) {
  const std::size_t slash = path.find('/');
  const std::string_view part = path.substr(0, slash);
  path = slash == path.npos ? std::string_view() : path.substr(slash + 1);
  return part;
}

void write_bytes(json::Writer& out, std::string_view name, std::string_view bytes) {
  out.key(name).open_array();
  for (const char byte : bytes) out.value(static_cast<int>(static_cast<unsigned char>(byte)));
  out.close();
}

std::string big_endian(std::uint64_t bits) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) {
    const char byte = static_cast<char>(bits >> shift & 0xff);
    if (byte != 0 || !bytes.empty()) bytes.push_back(byte);
  }
  return bytes;
}

void write_tracer(json::Writer& out, const Client& client) {
  out.key("client_tracer").open_object();
  out.field("runtime_id", client.runtime_id).field("language", "python");
  out.field("tracer_version", client.tracer_version).field("service", client.service);
  out.key("extra_services").open_array();
  for (const std::string& name : client.extra_services) out.value(name);
  out.close();
  out.field("env", client.env).field("app_version", client.version);
  out.key("tags").open_array();
  auto tags = client.tags;
  tags.insert(tags.end(), {{"env", client.env},
                           {"version", client.version},
                           {"tracer_version", client.tracer_version},
                           {"host_name", client.hostname}});
  for (const auto& [key, value] : tags)
    if (!value.empty()) out.value(key + ":" + value);
  out.close().key("process_tags").open_array();
  for (const std::string& tag : client.process_tags) out.value(tag);
  out.close().key("container_tags").open_array().close().close();
}

}  // namespace

struct Repository::Answer {
  struct Target {
    std::int64_t length = 0, version = 0;
    std::string sha256;
  };
  bool unchanged = false;
  std::string signed_targets;      // with their signatures
  std::vector<std::string> roots;  // that the agent has seen since ours
  std::int64_t version = 0;
  std::string backend_state;
  std::map<std::string, Target, std::less<>> targets;
  std::map<std::string, std::string, std::less<>> files;
  std::vector<std::string> in_force;  // paths
};

std::optional<Path> parse_path(std::string_view path) {
  const std::string_view source = next_part(path);
  if (source == "datadog") {
    const std::string_view organisation = next_part(path);
    if (organisation.empty() || organisation.find_first_not_of("0123456789") != organisation.npos)
      return std::nullopt;
  } else if (source != "employee") {
    return std::nullopt;
  }
  Path out;
  out.product = next_part(path);
  out.id = next_part(path);
  if (out.product.empty() || out.id.empty() || path.empty() || path.find('/') != path.npos)
    return std::nullopt;
  return out;
}

std::string Repository::request(const Client& client) const {
  json::Writer out;
  out.open_object().key("client").open_object();
  out.key("state").open_object();
  out.field("root_version", root_version_).field("targets_version", targets_version_);
  out.key("config_states").open_array();
  const auto add = [&out](std::string_view id, std::string_view product, std::int64_t version,
                          ApplyState state, std::string_view error) {
    out.open_object().field("id", id).field("version", version).field("product", product);
    out.field("apply_state", static_cast<int>(state)).field("apply_error", error).close();
  };
  for (const auto& one : configurations_)
    if (std::ranges::find(refused_, one->path, &Refused::path) == refused_.end())
      add(one->id, one->product, one->version, one->state, one->error);
  for (const Refused& one : refused_)
    if (const std::optional<Path> parts = parse_path(one.path))
      add(parts->id, parts->product, one.version, ApplyState::kError, one.why);
  out.close().field("has_error", !problem_.empty()).field("error", problem_);
  write_bytes(out, "backend_client_state", backend_state_);
  out.close().field("id", client.id).key("products").open_array();
  for (const std::string& product : client.products) out.value(product);
  out.close().field("is_tracer", true);
  write_tracer(out, client);
  out.field("is_agent", false).field("last_seen", 0);
  write_bytes(out, "capabilities", big_endian(client.capabilities));
  out.field("is_updater", false).key("client_updater").null().close();
  out.key("cached_target_files").open_array();
  for (const auto& one : configurations_) {
    out.open_object().field("path", one->path);
    out.field("length", static_cast<std::uint64_t>(one->content.size()));
    out.key("hashes").open_array().open_object().field("algorithm", "sha256");
    out.field("hash", one->sha256).close().close().close();
  }
  out.close().close();
  return out.take();
}

Result<Repository::Answer> Repository::read(std::string_view text) {
  Answer out;
  if (text.size() > kMaxAnswer) return Status::error("the answer is too long");
  const std::optional<json::Value> answer = json::parse(text);
  if (!answer || answer->kind() != json::Value::Kind::kObject)
    return Status::error("the answer is no JSON object");
  const std::string_view encoded = (*answer)["targets"].text();
  if (encoded.empty()) {
    out.unchanged = true;
    return out;
  }
  std::optional<std::string> decoded = base::from_base64(encoded);
  if (!decoded) return Status::error("targets are no base64");
  const std::optional<json::Value> targets = json::parse(*decoded);
  if (!targets || (*targets)["signed"].kind() != json::Value::Kind::kObject)
    return Status::error("targets are no signed JSON");
  const json::Value& content = (*targets)["signed"];
  out.version = content["version"].integer();
  out.backend_state = content["custom"]["opaque_backend_state"].text();
  for (const auto& [path, target] : content["targets"].members()) {
    const std::string_view sha256 = target["hashes"]["sha256"].text();
    out.targets[path] = {target["length"].integer(-1), target["custom"]["v"].integer(),
                         std::string(sha256)};
  }
  for (const json::Value& file : (*answer)["target_files"].items()) {
    std::optional<std::string> raw = base::from_base64(file["raw"].text());
    if (!raw) return Status::error(std::string(file["path"].text()) + " is no base64");
    out.files[std::string(file["path"].text())] = std::move(*raw);
  }
  for (const json::Value& path : (*answer)["client_configs"].items())
    out.in_force.emplace_back(path.text());
  for (const json::Value& root : (*answer)["roots"].items())
    out.roots.push_back(base::from_base64(root.text()).value_or(std::string()));
  out.signed_targets = std::move(*decoded);
  return out;
}

void Repository::believe(std::string_view root) {
  must_be_signed_ = true;
  Result<Trust> trust = Trust::begin(root);
  if (!trust.ok()) return;
  trust_ = std::move(trust).value();
  root_version_ = trust_->root_version();
}

Status Repository::check(const Answer& answer) {
  if (!must_be_signed_) return {};
  if (!trust_) return Status::error("DD_REMOTE_CONFIGURATION_DIRECTOR_ROOT cannot be read");
  for (const std::string& root : answer.roots) {
    const Status followed = trust_->follow(root);
    if (!followed.ok()) return followed;
    root_version_ = trust_->root_version();
  }
  return trust_->check_targets(answer.signed_targets, base::wall_ns() / 1'000'000'000);
}

Status Repository::refuse(const Answer& answer, const std::string& path, std::string why) {
  const auto target = answer.targets.find(path);
  refused_.push_back({path, target == answer.targets.end() ? 0 : target->second.version, why});
  return Status::error(path + " " + why);
}

// Looks at everything first, then changes.
Status Repository::merge(const Answer& answer, Changes& changes) {
  if (answer.version < targets_version_)
    return Status::error("targets of version " + std::to_string(answer.version) +
                         " are older than those of version " + std::to_string(targets_version_));
  std::vector<std::unique_ptr<Configuration>> fresh;
  for (const std::string& path : answer.in_force) {
    const std::optional<Path> parts = parse_path(path);
    if (!parts) return Status::error(path + " is no path of a configuration");
    const auto target = answer.targets.find(path);
    if (target == answer.targets.end()) return refuse(answer, path, "is not among the targets");
    const auto known = std::ranges::find(
        configurations_, path, [](const auto& one) -> const auto& { return one->path; });
    if (known != configurations_.end() && (*known)->sha256 == target->second.sha256) continue;
    const auto file = answer.files.find(path);
    if (file == answer.files.end()) return refuse(answer, path, "was not sent");
    const std::string& content = file->second;
    if (content.size() > kMaxFile ||
        static_cast<std::int64_t>(content.size()) != target->second.length)
      return refuse(answer, path, "is not as long as its target says");
    if (base::sha256_hex(content) != target->second.sha256)
      return refuse(answer, path, "is not what its target's SHA-256 says");
    auto made = std::make_unique<Configuration>();
    made->path = path;
    made->product = parts->product;
    made->id = parts->id;
    made->content = content;
    made->sha256 = target->second.sha256;
    made->version = target->second.version;
    fresh.push_back(std::move(made));
  }
  replace(answer.in_force, std::move(fresh), changes);
  targets_version_ = answer.version;
  backend_state_ = answer.backend_state;
  return {};
}

void Repository::replace(const std::vector<std::string>& in_force,
                         std::vector<std::unique_ptr<Configuration>> fresh, Changes& changes) {
  for (auto one = configurations_.begin(); one != configurations_.end();) {
    // What has not changed keeps the version it was taken with.
    if (std::ranges::find(in_force, (*one)->path) != in_force.end()) {
      ++one;
    } else {
      changes.removed.push_back(std::move(*one));
      one = configurations_.erase(one);
    }
  }
  for (auto& made : fresh) {
    changes.added.push_back(made.get());
    const auto old = std::ranges::find(
        configurations_, made->path, [](const auto& one) -> const auto& { return one->path; });
    if (old != configurations_.end())
      *old = std::move(made);
    else
      configurations_.push_back(std::move(made));
  }
}

std::string Repository::written() const {
  std::string out;
  const auto add = [&out](std::string_view text) {
    out += std::to_string(text.size());
    out += ':';
    out += text;
  };
  for (const auto& one : configurations_) {
    add(one->path);
    add(one->sha256);
    add(std::to_string(one->version));
    add(one->content);
  }
  return out;
}

Changes Repository::adopt(std::string_view written) {
  const auto next = [&written]() -> std::string_view {
    std::size_t size = 0, at = 0;
    while (at < written.size() && written[at] >= '0' && written[at] <= '9')
      size = size * 10 + static_cast<std::size_t>(written[at++] - '0');
    if (at == written.size()) return written = {};
    const std::string_view text = written.substr(at + 1, size);
    written.remove_prefix(at + 1 + text.size());
    return text;
  };
  std::vector<std::string> in_force;
  std::vector<std::unique_ptr<Configuration>> fresh;
  while (!written.empty()) {
    auto made = std::make_unique<Configuration>();
    made->path = next();
    made->sha256 = next();
    made->version = config::parse_int(next()).value_or(0);
    made->content = next();
    const std::optional<Path> parts = parse_path(made->path);
    if (!parts) break;
    made->product = parts->product;
    made->id = parts->id;
    in_force.push_back(made->path);
    const auto same = [&made](const auto& one) {
      return one->path == made->path && one->sha256 == made->sha256;
    };
    if (std::ranges::none_of(configurations_, same)) fresh.push_back(std::move(made));
  }
  Changes changes;
  replace(in_force, std::move(fresh), changes);
  return changes;
}

Changes Repository::take(std::string_view text) {
  Changes changes;
  Result<Answer> answer = read(text);
  Status status = answer.status();
  problem_.clear();
  if (answer.ok() && answer.value().unchanged) return changes;
  refused_.clear();
  if (answer.ok()) status = check(answer.value());
  if (status.ok()) status = merge(answer.value(), changes);
  problem_ = changes.problem = status.ok() ? std::string() : status.message();
  return changes;
}

void Repository::fail(std::string_view path, std::int64_t version, const std::string& why) {
  for (const auto& one : configurations_)
    if (one->path == path && one->version == version) one->fail(why);
}

std::vector<Configuration*> Repository::of(std::string_view product) const {
  std::vector<Configuration*> out;
  for (const auto& one : configurations_)
    if (one->product == product) out.push_back(one.get());
  return out;
}

}  // namespace dd::remote_config
