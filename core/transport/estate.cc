#include "core/transport/estate.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <new>

#include "core/base/log.h"
#include "core/transport/heir.h"

namespace dd::transport {
namespace {

constexpr std::size_t kPage = 4096, kKeptBytes = 1 << 20;

std::size_t whole_pages(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

}  // namespace

Estate::Estate(std::string url, std::size_t largest_payload)
    : url_(std::move(url)), area_bytes_(whole_pages(largest_payload + kPage)) {}

bool Estate::ready() {
  if (head_ != nullptr || tried_) return head_ != nullptr;
  tried_ = true;
  if (!make()) give_up();
  return head_ != nullptr;
}

void Estate::give_up() {
  const std::string why = strerror(errno);
  forked();
  tried_ = true;
  base::log(base::LogLevel::kWarning, "DD_TRACE_SURVIVE_KILL: no memory or process for it (" + why +
                                          "); traces do not survive the process");
}

bool Estate::make() {
  if (url_.size() >= sizeof estate::Head::url) return false;
  const std::size_t bytes = estate::kHeadBytes + 4 * area_bytes_;
  memory_ = memfd_create("dd-traces", MFD_CLOEXEC);
  if (memory_ < 0 || ftruncate(memory_, static_cast<off_t>(bytes)) != 0) return false;
  void* const at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory_, 0);
  if (at == MAP_FAILED) return false;
  madvise(at, bytes, MADV_DONTFORK);
  madvise(at, bytes, MADV_DONTDUMP);
  head_ = new (at) estate::Head;
  head_->area_bytes = area_bytes_;
  memcpy(head_->url, url_.data(), url_.size());
  return true;
}

// What was written is inherited from here on, even if the process is killed before the heir runs.
void Estate::start() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return give_up();
  alive_ = ends[1];
  has_heir_ = start_heir(memory_, ends[0]);
  close(ends[0]);
  if (!has_heir_) give_up();
}

char* Estate::area(int slot, int which) const {
  return reinterpret_cast<char*>(head_) + estate::area_at(*head_, slot, which);
}

void Estate::set_request(const std::string& text) {
  estate::Slot& slot = head_->slots[open_];
  const std::size_t size = std::min(text.size(), sizeof slot.request - 1);
  memcpy(slot.request, text.data(), size);
  slot.request[size] = 0;
}

void Estate::write_parts(const encoding::TraceEncoder::Parts& parts, std::uint32_t chunks) {
  const std::string_view bytes[] = {parts.first, parts.second};
  for (int i = 0; i < 2; ++i)
    if (bytes[i].size() > area_bytes_) return;
  for (int i = 0; i < 2; ++i) {
    if (bytes[i].size() <= written_[i]) continue;
    const std::string_view more = bytes[i].substr(written_[i]);
    memcpy(area(open_, i) + written_[i], more.data(), more.size());
    written_[i] = bytes[i].size();
  }
  estate::Slot& slot = head_->slots[open_];
  const std::uint32_t next = slot.valid.load(std::memory_order_relaxed) ^ 1;
  estate::Record& record = slot.records[next];
  record = {.bytes = {written_[0], written_[1]},
            .chunks = chunks,
            .lead_size = static_cast<std::uint8_t>(parts.lead.size()),
            .middle_size = static_cast<std::uint8_t>(parts.middle.size())};
  parts.lead.copy(record.lead, sizeof record.lead);
  parts.middle.copy(record.middle, sizeof record.middle);
  slot.valid.store(next, std::memory_order_release);
}

void Estate::seal() {
  if (head_ == nullptr) return;
  if (sealed_) clear_sealed();
  sealed_ = true;
  open_ ^= 1;
  written_[0] = written_[1] = 0;
}

void Estate::clear_sealed() {
  if (head_ == nullptr || !sealed_) return;
  clear(open_ ^ 1);
  sealed_ = handed_over_ = false;
}

void Estate::clear_open() {
  if (head_ == nullptr) return;
  clear(open_);
  written_[0] = written_[1] = 0;
}

void Estate::clear(int slot) {
  estate::Slot& at = head_->slots[slot];
  const std::uint32_t next = at.valid.load(std::memory_order_relaxed) ^ 1;
  const estate::Record before = at.records[next ^ 1];
  at.records[next] = {};
  at.valid.store(next, std::memory_order_release);
  at.handed_over.store(false, std::memory_order_release);
  for (int i = 0; i < 2; ++i)
    if (before.bytes[i] > kKeptBytes)
      (void)fallocate(memory_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                      static_cast<off_t>(estate::area_at(*head_, slot, i)),
                      static_cast<off_t>(area_bytes_));
}

void Estate::set_handed_over(bool handed_over) {
  if (head_ == nullptr || !sealed_ || handed_over == handed_over_) return;
  handed_over_ = handed_over;
  head_->slots[open_ ^ 1].handed_over.store(handed_over, std::memory_order_release);
}

void Estate::stop() {
  if (head_ == nullptr) return;
  clear(0);
  clear(1);
  if (alive_ >= 0) close(alive_);
  alive_ = -1;
  if (has_heir_) reap_starter();
  forked();
}

// A forked child has no such mapping (MADV_DONTFORK), but the descriptors.
void Estate::forked() {
  if (head_ != nullptr && alive_ < 0) munmap(head_, estate::bytes_of(*head_));
  for (int* const file : {&memory_, &alive_}) {
    if (*file >= 0) close(*file);
    *file = -1;
  }
  head_ = nullptr;
  has_heir_ = tried_ = sealed_ = handed_over_ = false;
  open_ = 0;
  written_[0] = written_[1] = 0;
}

}  // namespace dd::transport
