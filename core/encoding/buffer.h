// Bytes that grow, for writers. Room is asked for once per value, then written without checks.
// One thread at a time.

#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/base/check.h"

namespace dd::encoding {

class Buffer {
 public:
  Buffer() = default;
  ~Buffer() { std::free(data_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  // A pointer to at least `bytes` writable bytes after the end; say with advance() what was used.
  char* room(std::size_t bytes) {
    if (capacity_ - size_ < bytes) [[unlikely]]
      grow(bytes);
    return data_ + size_;
  }
  void advance_to(const char* end) { size_ = static_cast<std::size_t>(end - data_); }

  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(room(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void push(char byte) {
    *room(1) = byte;
    ++size_;
  }

  char* data() { return data_; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  std::string_view view() const { return {data_, size_}; }
  void truncate(std::size_t size) { size_ = size; }
  void release() {
    std::free(data_);
    data_ = nullptr;
    size_ = capacity_ = 0;
  }
  void swap(Buffer& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  void grow(std::size_t bytes) {
    std::size_t wanted = capacity_ ? capacity_ * 2 : 1024;
    while (wanted < size_ + bytes) wanted *= 2;
    data_ = static_cast<char*>(std::realloc(data_, wanted));
    DD_CHECK(data_ != nullptr);
    capacity_ = wanted;
  }

  char* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace dd::encoding
