#include "core/trace/names.h"

#include <cstring>

#include "core/base/mutex.h"
#include "core/trace/tags.h"

namespace dd::trace {

namespace {

constexpr std::uint32_t kSlots = 4 * kMostNames;
constexpr std::size_t kRoomBytes = 4096;
static_assert(tags::kTagCount < kMostNames / 2);

struct Names {
  Text texts[kMostNames];
  std::uint16_t slots[kSlots];
  std::uint16_t count = 1;  // 0 means none
  char* room = nullptr;
  std::size_t left = 0;
};

constinit base::HostMutex mutex;
constinit Names* names DD_GUARDED_BY(mutex) = nullptr;

std::uint32_t slot_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3ull;
  return static_cast<std::uint32_t>(hash ^ (hash >> 32)) % kSlots;
}

// The slot that has the text, or the free one for it.
std::uint16_t& find(Names& all, std::string_view text) {
  std::uint32_t slot = slot_of(text);
  while (all.slots[slot] && all.texts[all.slots[slot]].view() != text) slot = (slot + 1) % kSlots;
  return all.slots[slot];
}

Text add(Names& all, std::uint16_t& slot, std::string_view text) {
  slot = all.count;
  Text made(text);
  made.number = slot;
  return all.texts[all.count++] = made;
}

Names* start() {
  auto* const all = new Names{};
  for (std::uint16_t i = 1; i < tags::kTagCount; ++i)
    add(*all, find(*all, tags::kTable[i].name), tags::kTable[i].name);
  return all;
}

std::string_view keep(Names& all, std::string_view text) {
  if (all.left < text.size()) {
    all.room = new char[kRoomBytes];
    all.left = kRoomBytes;
  }
  char* const at = all.room;
  std::memcpy(at, text.data(), text.size());
  all.room += text.size();
  all.left -= text.size();
  return {at, text.size()};
}

}  // namespace

Text numbered(std::string_view text) {
  if (text.empty() || text.size() > kLongestName) return Text();
  const base::MutexLock lock(mutex);
  if (!names) names = start();
  std::uint16_t& slot = find(*names, text);
  if (slot) return names->texts[slot];
  if (names->count == kMostNames) return Text();
  return add(*names, slot, keep(*names, text));
}

}  // namespace dd::trace
