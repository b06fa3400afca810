#include "core/base/sha256.h"

#include <gtest/gtest.h>

namespace dd::base {
namespace {

struct Case {
  const char* name;
  std::string text;
  const char* hex;
};

// Of FIPS 180-4's examples.
TEST(Sha256, is_that_of_the_standard) {
  const Case cases[] = {
      {"nothing", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"two blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {"a million", std::string(1'000'000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const Case& c : cases) EXPECT_EQ(sha256_hex(c.text), c.hex) << c.name;
}

}  // namespace
}  // namespace dd::base
