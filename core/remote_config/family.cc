#include "core/remote_config/family.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

namespace dd::remote_config {
namespace {

constexpr int kTries = 16;
constexpr std::uint32_t kMostNames = 64;

}  // namespace

struct Family::Name {
  std::atomic<std::uint32_t> size;  // 0: being written
  char text[kMostText];
};

struct Family::Shared {
  struct Names {
    std::atomic<std::uint32_t> taken;
    Name names[kMostNames];
  };
  std::atomic<std::uint64_t> leader;
  std::atomic<std::int64_t> alive_ns;
  std::atomic<std::uint64_t> generation;  // odd while `text` is being written
  std::atomic<std::uint64_t> capabilities;
  std::atomic<std::uint64_t> size;
  Names lists[3];
  char text[kMostBytes];
};

bool Family::open() {
  void* const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return false;
  shared_ = static_cast<Shared*>(memory);  // as new pages are: zero, and untouched
  return true;
}

bool Family::lead(std::uint64_t own, std::int64_t now_ns, std::int64_t stale_ns) {
  std::uint64_t who = shared_->leader.load(std::memory_order_acquire);
  if (who != own) {
    if (who != 0 && now_ns - shared_->alive_ns.load(std::memory_order_relaxed) < stale_ns)
      return false;
    if (!shared_->leader.compare_exchange_strong(who, own, std::memory_order_acq_rel)) return false;
  }
  shared_->alive_ns.store(now_ns, std::memory_order_relaxed);
  return true;
}

void Family::resign(std::uint64_t own) {
  shared_->leader.compare_exchange_strong(own, 0, std::memory_order_acq_rel);
}

void Family::publish(std::string_view text, std::uint64_t& seen) {
  if (text.size() > kMostBytes) return;
  // One that was killed while it wrote has left an odd number.
  const std::uint64_t writing = shared_->generation.load(std::memory_order_relaxed) | 1;
  shared_->generation.store(writing, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  shared_->size.store(text.size(), std::memory_order_relaxed);
  std::memcpy(shared_->text, text.data(), text.size());
  shared_->generation.store(writing + 1, std::memory_order_release);
  seen = writing + 1;
}

std::optional<std::string> Family::news(std::uint64_t& seen) const {
  for (int i = 0; i < kTries; ++i) {
    const std::uint64_t before = shared_->generation.load(std::memory_order_acquire);
    if (before == seen) return std::nullopt;
    if (before % 2 != 0) continue;
    const std::size_t size = shared_->size.load(std::memory_order_relaxed);
    std::string text(shared_->text, std::min(size, kMostBytes));
    std::atomic_thread_fence(std::memory_order_acquire);
    if (shared_->generation.load(std::memory_order_relaxed) != before) continue;
    seen = before;
    return text;
  }
  return std::nullopt;
}

void Family::put_down(List list, std::string_view name) {
  if (name.empty() || name.size() > sizeof(Name::text)) return;
  const std::vector<std::string> known = names(list);
  if (known.size() >= kMostNames || std::ranges::find(known, name) != known.end()) return;
  Shared::Names& all = shared_->lists[static_cast<int>(list)];
  const std::uint32_t at = all.taken.fetch_add(1, std::memory_order_relaxed);
  if (at >= kMostNames) return;
  std::memcpy(all.names[at].text, name.data(), name.size());
  all.names[at].size.store(static_cast<std::uint32_t>(name.size()), std::memory_order_release);
}

std::vector<std::string> Family::names(List list) const {
  const Shared::Names& all = shared_->lists[static_cast<int>(list)];
  const std::uint32_t taken = std::min(all.taken.load(std::memory_order_relaxed), kMostNames);
  std::vector<std::string> out;
  for (std::uint32_t i = 0; i < taken; ++i)
    if (const std::uint32_t size = all.names[i].size.load(std::memory_order_acquire))
      out.emplace_back(all.names[i].text, size);
  return out;
}

void Family::want_capabilities(std::uint64_t bits) {
  if ((shared_->capabilities.load(std::memory_order_relaxed) & bits) != bits)
    shared_->capabilities.fetch_or(bits, std::memory_order_relaxed);
}

std::uint64_t Family::capabilities() const {
  return shared_->capabilities.load(std::memory_order_relaxed);
}

}  // namespace dd::remote_config
