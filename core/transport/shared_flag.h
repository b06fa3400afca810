// A flag that forked children share with their parent: what one of a family has said, the others
// need not say. Any thread, any process of the family.

#pragma once

#include <sys/mman.h>

#include <atomic>
#include <new>

namespace dd::transport {

class SharedFlag {
 public:
  SharedFlag() {
    void* const page =
        mmap(nullptr, sizeof own_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED) flag_ = new (page) std::atomic<bool>(false);
  }
  ~SharedFlag() {
    if (flag_ != &own_) munmap(flag_, sizeof own_);
  }
  SharedFlag(const SharedFlag&) = delete;
  SharedFlag& operator=(const SharedFlag&) = delete;

  // What it was.
  bool set() { return flag_->exchange(true, std::memory_order_relaxed); }
  void clear() { flag_->store(false, std::memory_order_relaxed); }

 private:
  std::atomic<bool> own_{false};  // where there is no memory to share
  std::atomic<bool>* flag_ = &own_;
};

}  // namespace dd::transport
