// Whom to believe: the roles of The Update Framework, as far as configurations need them.
//
//     Result<Trust> trust = Trust::begin(root_json);            // configured: believed as it is
//     Status status = trust.value().follow(next_root);          // each root that the agent sends
//     status = trust.value().check_targets(targets, now_s);     // then what it signed
//
// A root names keys and, for each role, how many of which must sign. The next root is believed when
// enough keys of the last one and of its own have signed it, its number is the next, and it is a
// root. The targets are believed when enough keys of the last root have signed them and neither has
// expired. Signatures are of Ed25519, over the canonical JSON of what they sign. One thread.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/json/json.h"

namespace dd::remote_config {

// Sorted names, no spaces, only `"` and `\` escaped; nullopt when there is a number that is not
// whole.
std::optional<std::string> canonical_json(const json::Value& value);
// "2099-01-01T00:00:00Z" in seconds since 1970.
std::optional<std::int64_t> parse_expiry(std::string_view text);

class Trust {
 public:
  static Result<Trust> begin(std::string_view root);
  // One that is believed already, or older, is passed over.
  Status follow(std::string_view root);
  Status check_targets(std::string_view targets, std::int64_t now_s) const;
  std::int64_t root_version() const { return version_; }

 private:
  struct Role {
    std::vector<std::string> key_ids;
    std::int64_t threshold = 0;
  };
  Status read_root(const json::Value& content);
  static Status read_role(const json::Value& root, const char* name, Role& role);
  Status check(const json::Value& envelope, const Role& role, const char* what) const;

  std::int64_t version_ = 0, expires_s_ = 0;
  std::map<std::string, std::string> keys_;  // id -> 32 bytes
  Role root_, targets_;
};

}  // namespace dd::remote_config
