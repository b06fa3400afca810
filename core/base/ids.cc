#include "core/base/ids.h"

#include <sys/random.h>

#include "core/base/clock.h"
#include "core/base/fork.h"

namespace dd::base {
namespace {

std::uint64_t from_system() {
  std::uint64_t value = 0;
  if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value))
    value = static_cast<std::uint64_t>(monotonic_ns()) * 0x9E3779B97F4A7C15ull ^
            reinterpret_cast<std::uintptr_t>(&value);
  return value;
}

std::uint64_t rotl(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

// xoshiro256++ by Blackman and Vigna.
struct Generator {
  std::uint64_t s[4];
  std::uint64_t generation = ~0ull;

  std::uint64_t next() {
    const std::uint64_t result = rotl(s[0] + s[3], 23) + s[0];
    const std::uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
  }
};

constinit thread_local Generator generator{};

std::uint64_t draw() {
  if (generator.generation != fork_generation()) [[unlikely]] {
    for (std::uint64_t& word : generator.s) word = from_system();
    generator.s[0] |= 1;
    generator.generation = fork_generation();
  }
  return generator.next();
}

}  // namespace

std::uint64_t random_id() {
  std::uint64_t id = draw();
  while (id == 0) id = draw();
  return id;
}

void random_uuid_hex(char out[32]) {
  std::uint64_t words[2] = {from_system(), from_system()};
  words[0] = (words[0] & ~0xF000ull) | 0x4000ull;
  words[1] = (words[1] & ~(3ull << 62)) | (2ull << 62);
  for (int i = 0; i < 32; ++i)
    out[i] = "0123456789abcdef"[(words[i / 16] >> (60 - 4 * (i % 16))) & 15];
}

}  // namespace dd::base
