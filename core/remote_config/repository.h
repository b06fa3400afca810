// The configurations that the agent has given this process, and the talk about them.
//
//     Repository repository;
//     send(repository.request(client));                      // POST /v0.7/config
//     const Changes changes = repository.take(answer);       // on its answer
//     for (Configuration* one : changes.added) ...           // apply, or one->fail("why")
//
// An answer is taken whole or not at all: every file of a product of ours must be named by the signed targets, with its
// length and SHA-256. What is wrong with it is told to the agent with the next request. One thread.
// Source: remote-config.md, WIRE.md section 4.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace dd::remote_config {

// datadog/<organisation>/<PRODUCT>/<id>/<name> or employee/<PRODUCT>/<id>/<name>
struct Path {
  std::string_view product, id;
};
std::optional<Path> parse_path(std::string_view path);

enum class ApplyState : std::uint8_t { kUnacknowledged = 1, kAcknowledged = 2, kError = 3 };

struct Configuration {
  std::string path, product, id;
  std::string content;
  std::string sha256;  // lower-case hexadecimal, of the content
  std::int64_t version = 0;
  ApplyState state = ApplyState::kUnacknowledged;
  std::string error;

  void fail(std::string why) {
    state = ApplyState::kError;
    error = std::move(why);
  }
};

// Who asks.
struct Client {
  std::string id;  // a UUID
  std::vector<std::string> products;
  std::uint64_t capabilities = 0;  // bits
  std::string runtime_id, tracer_version, service, env, version, hostname;
  std::vector<std::string> process_tags;  // "entrypoint.name:app"
  std::vector<std::string> extra_services;
};

struct Changes {
  std::vector<std::unique_ptr<Configuration>> removed;
  std::vector<Configuration*> added;  // new, or with new content; they live in the repository
  std::string problem;                // the answer was refused
};

class Repository {
 public:
  static constexpr std::size_t kMaxFile = 16 << 20, kMaxAnswer = 64 << 20;

  std::string request(const Client& client) const;
  // Configurations of products that are not among these are left out.
  Changes take(std::string_view answer, const std::vector<std::string>& products);
  // Forgets the configurations of all others.
  void keep(const std::vector<std::string>& products);
  // Those in force of a product, in the order in which they came.
  std::vector<Configuration*> of(std::string_view product) const;

 private:
  struct Answer;
  static Result<Answer> read(std::string_view answer);
  Status merge(const Answer& answer, const std::vector<std::string>& products, Changes& changes);

  std::vector<std::unique_ptr<Configuration>> configurations_;
  std::int64_t root_version_ = 1, targets_version_ = 0;
  std::string backend_state_;  // opaque
  std::string problem_;        // with the last answer
};

}  // namespace dd::remote_config
