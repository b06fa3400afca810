#include "core/base/arena.h"

#include <cstdlib>
#include <cstring>

#include "core/base/check.h"
#include "core/base/recycle.h"

namespace dd::base {

struct Arena::Block {
  Block* next;
  std::size_t bytes;  // with this header
};

namespace {

void* take_block() {
  if (void* const known = take_recycled(Recycled::kArenaBlock, 768)) return known;
  void* const made = std::malloc(Arena::kBlockBytes);
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
  for (Block* block = blocks_; block != nullptr;) {
    Block* const next = block->next;
    if (block->bytes != kBlockBytes || !recycle(Recycled::kArenaBlock, block)) std::free(block);
    block = next;
  }
  blocks_ = nullptr;
  at_ = end_ = 0;
  bytes_ = 0;
}

void Arena::trim_pool() {
  while (void* const block = take_recycled(Recycled::kArenaBlock)) std::free(block);
}

}  // namespace dd::base
