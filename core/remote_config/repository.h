// The configurations that the agent has given this process, and the talk about them.
//
//     Repository repository;
//     send(repository.request(client));                      // POST /v0.7/config
//     const Changes changes = repository.take(answer);       // on its answer
//     for (Configuration* one : changes.added) ...           // apply, or one->fail("why")
//
// An answer is taken whole or not at all: every file that is in force must be named by the
// signed targets, with its length and SHA-256, and targets must not be older than the last. Where a
// root is configured, targets must be signed as trust.h says, and the agent's roots are followed.
// What is wrong is told to the agent with the next request: as an error of the configuration that
// it was found in, and of the answer. One thread.
// Source: remote-config.md, WIRE.md section 4.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/remote_config/trust.h"

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
  std::vector<std::string> process_tags;                  // "entrypoint.name:app"
  std::vector<std::pair<std::string, std::string>> tags;  // of all spans, and of the source
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

  // The root of the director that signs targets, as JSON. What cannot be read means that nothing is
  // believed any more.
  void believe(std::string_view root);
  std::string request(const Client& client) const;
  Changes take(std::string_view answer);
  // All that is in force, for another process' adopt(): no JSON, and nothing is checked again.
  std::string written() const;
  Changes adopt(std::string_view written);
  // Something that was taken could not be applied after all.
  void fail(std::string_view path, std::int64_t version, const std::string& why);
  // Those in force of a product, in the order in which they came.
  std::vector<Configuration*> of(std::string_view product) const;

 private:
  struct Answer;
  struct Refused {
    std::string path;
    std::int64_t version = 0;
    std::string why;
  };
  Status check(const Answer& answer);
  Status refuse(const Answer& answer, const std::string& path, std::string why);
  static Result<Answer> read(std::string_view answer);
  Status merge(const Answer& answer, Changes& changes);
  void replace(const std::vector<std::string>& in_force,
               std::vector<std::unique_ptr<Configuration>> fresh, Changes& changes);

  std::vector<std::unique_ptr<Configuration>> configurations_;
  std::int64_t root_version_ = 1, targets_version_ = 0;
  std::string backend_state_;     // opaque
  std::string problem_;           // with the last answer
  std::vector<Refused> refused_;  // of the last answer
  bool must_be_signed_ = false;
  std::optional<Trust> trust_;
};

}  // namespace dd::remote_config
