#include "core/base/arena.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "core/base/check.h"

namespace dd::base {

struct Arena::Block {
  Block* next;
  std::size_t bytes;  // with this header
};

namespace {

// What threads give back is pushed on one list. A thread that needs blocks takes the whole list and
// keeps it for itself, so no two threads ever pop the same node. A thread that ends gives its share
// back.
constexpr std::size_t kMaxPooled = 4096;  // 8 MiB

struct Node {
  Node* next;
};
constinit std::atomic<Node*> returned{nullptr};
constinit std::atomic<std::size_t> pooled{0};

void give_back(Node* first, Node* last) {
  Node* head = returned.load(std::memory_order_relaxed);
  do last->next = head;
  while (!returned.compare_exchange_weak(head, first, std::memory_order_release,
                                         std::memory_order_relaxed));
}

struct LocalPool {
  Node* head = nullptr;
  ~LocalPool() {
    if (!head) return;
    Node* last = head;
    while (last->next) last = last->next;
    give_back(head, last);
    head = nullptr;
  }
};
thread_local LocalPool local;

void* take_block() {
  if (!local.head) local.head = returned.exchange(nullptr, std::memory_order_acquire);
  if (Node* node = local.head) {
    local.head = node->next;
    pooled.fetch_sub(1, std::memory_order_relaxed);
    return node;
  }
  void* made = std::malloc(Arena::kBlockBytes);
  DD_CHECK(made != nullptr);
  return made;
}

}  // namespace

void* Arena::allocate_slow(std::size_t bytes, std::size_t align) {
  const std::size_t need = sizeof(Block) + bytes + align;
  const bool large = need > kBlockBytes;
  auto* block = static_cast<Block*>(large ? std::malloc(need) : take_block());
  DD_CHECK(block != nullptr);
  block->bytes = large ? need : kBlockBytes;
  block->next = blocks_;
  blocks_ = block;
  bytes_ += block->bytes;
  const auto start = reinterpret_cast<std::uintptr_t>(block + 1);
  const std::uintptr_t at = (start + align - 1) & ~(align - 1);
  if (!large) {
    at_ = at + bytes;
    end_ = reinterpret_cast<std::uintptr_t>(block) + kBlockBytes;
  }
  return reinterpret_cast<void*>(at);
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  auto* data = static_cast<char*>(allocate(text.size(), 1));
  std::memcpy(data, text.data(), text.size());
  return {data, text.size()};
}

void Arena::clear() {
  Node *first = nullptr, *last = nullptr;
  std::size_t count = 0;
  for (Block* block = blocks_; block != nullptr;) {
    Block* next = block->next;
    if (block->bytes != kBlockBytes || pooled.load(std::memory_order_relaxed) + count >= kMaxPooled) {
      std::free(block);
    } else {
      auto* node = reinterpret_cast<Node*>(block);
      node->next = first;
      first = node;
      if (!last) last = node;
      ++count;
    }
    block = next;
  }
  if (first) {
    pooled.fetch_add(count, std::memory_order_relaxed);
    give_back(first, last);
  }
  blocks_ = nullptr;
  at_ = end_ = 0;
  bytes_ = 0;
}

void Arena::trim_pool() {
  while (Node* node = local.head ? local.head : returned.exchange(nullptr)) {
    local.head = node->next;
    pooled.fetch_sub(1, std::memory_order_relaxed);
    std::free(node);
  }
}

}  // namespace dd::base
