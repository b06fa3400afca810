#include "core/remote_config/trust.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "core/base/base64.h"
#include "core/base/sha256.h"
#include "core/remote_config/ed25519.h"
#include "core/remote_config/repository.h"

namespace dd::remote_config {
namespace {

constexpr std::int64_t kNow = 1'800'000'000;  // January 2027
constexpr const char* kLater = "2099-01-01T00:00:00Z";
constexpr const char* kEarlier = "2020-01-01T00:00:00Z";

std::string to_hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

// Signs with the library that checks.
class Signer {
 public:
  explicit Signer(char seed) {
    const std::string secret(32, seed);
    key_ = call<void* (*)(int, void*, const char*, std::size_t)>("EVP_PKEY_new_raw_private_key")(
        1087, nullptr, secret.data(), secret.size());
    public_key.resize(32);
    std::size_t size = 32;
    call<int (*)(void*, char*, std::size_t*)>("EVP_PKEY_get_raw_public_key")(
        key_, public_key.data(), &size);
    id = std::string("key-") + seed;
  }
  std::string sign(std::string_view message) const {
    void* const context = call<void* (*)()>("EVP_MD_CTX_new")();
    call<int (*)(void*, void*, void*, void*, void*)>("EVP_DigestSignInit")(context, nullptr,
                                                                           nullptr, nullptr, key_);
    std::string out(64, 0);
    std::size_t size = out.size();
    call<int (*)(void*, char*, std::size_t*, const char*, std::size_t)>("EVP_DigestSign")(
        context, out.data(), &size, message.data(), message.size());
    call<void (*)(void*)>("EVP_MD_CTX_free")(context);
    return out;
  }
  std::string public_key, id;

 private:
  template <class F>
  static F call(const char* name) {
    static void* const file = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
    static void* const older = file ? file : dlopen("libcrypto.so.1.1", RTLD_NOW | RTLD_LOCAL);
    return reinterpret_cast<F>(dlsym(older, name));
  }
  void* key_ = nullptr;
};

using Signers = std::vector<const Signer*>;

std::string envelope(const std::string& content, const Signers& signers) {
  const std::string message = canonical_json(*json::parse(content)).value();
  std::string out = "{\"signatures\":[";
  for (const Signer* one : signers)
    out += std::string(out.back() == '[' ? "" : ",") + "{\"keyid\":\"" + one->id + "\",\"sig\":\"" +
           to_hex(one->sign(message)) + "\"}";
  return out + "],\"signed\":" + content + "}";
}

struct Root {
  int version = 1;
  Signers root, targets;
  int threshold = 1, targets_threshold = 1;
  const char* expires = kLater;
  const char* type = "root";
};

std::string text(const Root& root, const Signers& signers) {
  std::map<std::string, std::string> keys;
  const auto role = [&](const Signers& who, int threshold) {
    std::string ids;
    for (const Signer* one : who) {
      keys[one->id] = to_hex(one->public_key);
      ids += std::string(ids.empty() ? "" : ",") + "\"" + one->id + "\"";
    }
    return "{\"keyids\":[" + ids + "],\"threshold\":" + std::to_string(threshold) + "}";
  };
  const std::string roles = "{\"root\":" + role(root.root, root.threshold) +
                            ",\"targets\":" + role(root.targets, root.targets_threshold) + "}";
  std::string all;
  for (const auto& [id, key] : keys)
    all += std::string(all.empty() ? "" : ",") + "\"" + id +
           "\":{\"scheme\":\"ed25519\",\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"" + key +
           "\"}}";
  return envelope("{\"version\":" + std::to_string(root.version) + ",\"_type\":\"" + root.type +
                      "\",\"expires\":\"" + root.expires + "\",\"roles\":" + roles + ",\"keys\":{" +
                      all + "}}",
                  signers);
}

std::string targets(const Signers& signers, const char* expires = kLater,
                    const char* type = "targets") {
  return envelope(std::string("{\"_type\":\"") + type + "\",\"version\":3,\"expires\":\"" +
                      expires + "\",\"targets\":{}}",
                  signers);
}

class TrustTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!find_crypto().ok()) GTEST_SKIP() << "no libcrypto";
  }
  const Signer a{'a'}, b{'b'}, c{'c'}, d{'d'};
};

TEST(Canonical, is_sorted_and_without_spaces) {
  EXPECT_EQ(
      canonical_json(*json::parse(R"({"b": [1, true, null], "a": {"y\n": "\"\\é", "x": -2}})")),
      "{\"a\":{\"x\":-2,\"y\n\":\"\\\"\\\\é\"},\"b\":[1,true,null]}");
  EXPECT_EQ(canonical_json(*json::parse("[{}, []]")), "[{},[]]");
  EXPECT_FALSE(canonical_json(*json::parse("1.5")));
}

TEST(Expiry, is_read) {
  EXPECT_EQ(parse_expiry("1970-01-02T00:00:01Z"), 86401);
  EXPECT_EQ(parse_expiry("1970-01-02T00:00:01.25Z"), 86401);
  for (const char* wrong :
       {"", "tomorrow", "2020-01-01", "2020-01-01T00:00:00", "2020-01-01T00:00:00+02:00"})
    EXPECT_FALSE(parse_expiry(wrong)) << wrong;
}

TEST_F(TrustTest, believes_a_signature_of_ed25519) {
  const Signer one('z');
  const std::string right = one.sign("message");
  EXPECT_TRUE(verify_ed25519(one.public_key, "message", right));
  EXPECT_FALSE(verify_ed25519(one.public_key, "massage", right));
  EXPECT_FALSE(verify_ed25519(a.public_key, "message", right));
  EXPECT_FALSE(verify_ed25519(one.public_key, "message", right.substr(1)));
  EXPECT_FALSE(verify_ed25519("short", "message", right));
}

TEST_F(TrustTest, targets_need_as_many_keys_as_the_root_says) {
  Result<Trust> trust =
      Trust::begin(text({.root = {&a}, .targets = {&b, &c, &d}, .targets_threshold = 2}, {&a}));
  ASSERT_TRUE(trust.ok());
  EXPECT_TRUE(trust.value().check_targets(targets({&b, &d}), kNow).ok());
  EXPECT_FALSE(trust.value().check_targets(targets({}), kNow).ok());
  EXPECT_FALSE(trust.value().check_targets(targets({&b}), kNow).ok());
  EXPECT_FALSE(trust.value().check_targets(targets({&b, &b}), kNow).ok());  // one, twice
  EXPECT_FALSE(trust.value().check_targets(targets({&b, &a}), kNow).ok());  // not of that role
}

TEST_F(TrustTest, what_was_changed_after_signing_is_not_believed) {
  Result<Trust> trust = Trust::begin(text({.root = {&a}, .targets = {&b}}, {&a}));
  std::string changed = targets({&b});
  changed.replace(changed.find("\"version\":3"), 11, "\"version\":4");
  EXPECT_FALSE(trust.value().check_targets(changed, kNow).ok());
}

TEST_F(TrustTest, nothing_that_has_expired_is_believed) {
  Result<Trust> trust = Trust::begin(text({.root = {&a}, .targets = {&b}}, {&a}));
  EXPECT_FALSE(trust.value().check_targets(targets({&b}, kEarlier), kNow).ok());
  EXPECT_FALSE(trust.value().check_targets(targets({&b}, "never"), kNow).ok());
  EXPECT_FALSE(trust.value().check_targets(targets({&b}, kLater, "root"), kNow).ok());
  trust = Trust::begin(text({.root = {&a}, .targets = {&b}, .expires = kEarlier}, {&a}));
  EXPECT_FALSE(trust.value().check_targets(targets({&b}), kNow).ok());
  // A newer root helps.
  EXPECT_TRUE(trust.value().follow(text({.version = 2, .root = {&a}, .targets = {&b}}, {&a})).ok());
  EXPECT_TRUE(trust.value().check_targets(targets({&b}), kNow).ok());
}

TEST_F(TrustTest, keys_change_along_a_chain_of_roots) {
  Result<Trust> trust = Trust::begin(text({.root = {&a}, .targets = {&b}}, {&a}));
  const std::string second = text({.version = 2, .root = {&c}, .targets = {&d}}, {&a, &c});
  const std::string third = text({.version = 3, .root = {&c}, .targets = {&a}}, {&c});
  EXPECT_FALSE(trust.value().follow(third).ok());  // not the next
  ASSERT_TRUE(trust.value().follow(second).ok());
  EXPECT_EQ(trust.value().root_version(), 2);
  EXPECT_FALSE(trust.value().check_targets(targets({&b}), kNow).ok());
  EXPECT_TRUE(trust.value().check_targets(targets({&d}), kNow).ok());
  ASSERT_TRUE(trust.value().follow(second).ok());  // again: passed over
  ASSERT_TRUE(trust.value().follow(third).ok());
  EXPECT_TRUE(trust.value().check_targets(targets({&a}), kNow).ok());
}

TEST_F(TrustTest, a_root_is_signed_by_the_last_and_by_itself) {
  const std::string first = text({.root = {&a, &b}, .targets = {&b}, .threshold = 2}, {&a, &b});
  const Root next{.version = 2, .root = {&c}, .targets = {&d}};
  for (const Signers& signers : {Signers{&c}, Signers{&a, &c}, Signers{&a, &b}, Signers{}}) {
    Result<Trust> trust = Trust::begin(first);
    EXPECT_FALSE(trust.value().follow(text(next, signers)).ok());
    EXPECT_EQ(trust.value().root_version(), 1);
  }
  Result<Trust> trust = Trust::begin(first);
  EXPECT_TRUE(trust.value().follow(text(next, {&a, &b, &c})).ok());
}

TEST_F(TrustTest, a_root_that_is_none_is_refused) {
  const std::vector<std::string> wrong = {
      "",
      "{}",
      "[]",
      text({.version = 0, .root = {&a}, .targets = {&b}}, {&a}),
      text({.root = {}, .targets = {&b}}, {&a}),
      text({.root = {&a}, .targets = {}}, {&a}),
      text({.root = {&a}, .targets = {&b}, .threshold = 0}, {&a}),
      text({.root = {&a}, .targets = {&b}, .expires = "x"}, {&a}),
      text({.root = {&a}, .targets = {&b}, .type = "targets"}, {&a})};
  Result<Trust> trust = Trust::begin(text({.root = {&a}, .targets = {&b}}, {&a}));
  for (const std::string& root : wrong) {
    EXPECT_FALSE(Trust::begin(root).ok()) << root;
    EXPECT_FALSE(trust.value().follow(root).ok()) << root;
  }
}

// The whole way: an answer of an agent.
class Signed : public TrustTest {
 protected:
  std::string answer(int version, const Signers& signers,
                     const std::vector<std::string>& roots = {}) {
    const std::string path = "datadog/2/APM_TRACING/one/config", content = "{}";
    const std::string said =
        envelope("{\"_type\":\"targets\",\"expires\":\"" + std::string(kLater) +
                     "\",\"version\":" + std::to_string(version) + ",\"targets\":{\"" + path +
                     "\":{\"length\":2,\"custom\":{\"v\":" + std::to_string(version) +
                     "},\"hashes\":{\"sha256\":\"" + base::sha256_hex(content) + "\"}}}}",
                 signers);
    std::string out = "{\"targets\":\"" + base::to_base64(said) + "\",\"client_configs\":[\"" +
                      path + "\"],\"target_files\":[{\"path\":\"" + path + "\",\"raw\":\"" +
                      base::to_base64(content) + "\"}],\"roots\":[";
    for (const std::string& root : roots)
      out += std::string(out.back() == '[' ? "" : ",") + "\"" + base::to_base64(root) + "\"";
    return out + "]}";
  }
  static std::int64_t root_version(const Repository& repository) {
    return (*json::parse(repository.request({})))["client"]["state"]["root_version"].integer();
  }
};

TEST_F(Signed, answers_are_taken_when_the_configured_root_vouches_for_them) {
  Repository repository;
  repository.believe(text({.version = 4, .root = {&a}, .targets = {&b}}, {&a}));
  EXPECT_EQ(root_version(repository), 4);
  EXPECT_NE(repository.take(answer(1, {})).problem, "");
  EXPECT_NE(repository.take(answer(1, {&c})).problem, "");
  EXPECT_TRUE(repository.of("APM_TRACING").empty());
  EXPECT_EQ(repository.take(answer(1, {&b})).problem, "");
  EXPECT_EQ(repository.of("APM_TRACING").size(), 1u);
}

TEST_F(Signed, roots_are_followed_and_told) {
  Repository repository;
  repository.believe(text({.root = {&a}, .targets = {&b}}, {&a}));
  const std::string next = text({.version = 2, .root = {&a}, .targets = {&c}}, {&a});
  EXPECT_EQ(repository.take(answer(1, {&c}, {next})).problem, "");
  EXPECT_EQ(root_version(repository), 2);
  EXPECT_NE(
      repository.take(answer(2, {&b}, {text({.version = 3, .root = {&d}, .targets = {&b}}, {&d})}))
          .problem,
      "");
  EXPECT_EQ(root_version(repository), 2);
}

TEST_F(Signed, with_a_root_that_cannot_be_read_nothing_is_believed) {
  Repository repository;
  repository.believe("nonsense");
  EXPECT_NE(repository.take(answer(1, {&b})).problem, "");
}

}  // namespace
}  // namespace dd::remote_config
