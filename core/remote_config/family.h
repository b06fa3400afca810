// What a process and its forked descendants share: who of them asks the agent, and what was
// answered.
//
//     Family family;
//     if (!family.open()) ...                                   // no memory: each asks for itself
//     if (family.lead(own_id, now_ns, stale_ns)) {
//       poll, then family.publish(repository.written());
//     } else if (auto text = family.news(seen)) {
//       repository.adopt(*text);
//     }
//
// The memory is mapped before the first fork and costs nothing until it is written. Whoever wants
// configurations first asks for all; when it ends it resigns, when it is gone its last sign of life
// grows old and another takes its place. Readers never wait: what is just being written is read
// the next time. What members need besides (products, names of services) is put down here for the
// one that asks. A program that executes another does not share with it. On the worker.
// Source: remote-config.md, fork model.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dd::remote_config {

class Family {
 public:
  static constexpr std::size_t kMostBytes = 8 << 20;  // of what is published

  bool open();
  bool is_open() const { return shared_ != nullptr; }

  // Whether `own` (not 0) is the one that asks: it was, or there is none, or none that has shown a
  // sign of life for so long.
  bool lead(std::uint64_t own, std::int64_t now_ns, std::int64_t stale_ns);
  void resign(std::uint64_t own);

  // By the one that asks. What is too long leaves members with what they have.
  void publish(std::string_view text, std::uint64_t& seen);
  // What was published after `seen`, which is set.
  std::optional<std::string> news(std::uint64_t& seen) const;

  enum class List : std::uint8_t { kProducts, kServices, kFailures };
  static constexpr std::size_t kMostText = 252;     // of a name; longer ones are not put down
  void put_down(List list, std::string_view name);  // once each
  std::vector<std::string> names(List list) const;
  void want_capabilities(std::uint64_t bits);
  std::uint64_t capabilities() const;

 private:
  struct Name;
  struct Shared;
  Shared* shared_ = nullptr;
};

}  // namespace dd::remote_config
