#include "core/stats/sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace dd::stats {
namespace {

constexpr double kGamma = 1.015625, kIndexOffset = 1338.5;

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void append_double(std::string& out, double value) {  // little endian
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(bits >> shift);
}

int index_of(double value) {
  static const double kLogGamma = std::log(kGamma);
  return static_cast<int>(std::floor(std::log(value) / kLogGamma + kIndexOffset));
}

}  // namespace

// As far from the lower bound of the bin as from the upper, each by its share.
double Sketch::middle_of(int index) {
  return std::exp((index - kIndexOffset) * std::log(kGamma)) * 2 / (1 + 1 / kGamma);
}

void Sketch::add(double value) {
  ++total_;
  if (value <= 0) {
    ++zero_;
    return;
  }
  const int index = index_of(value);
  if (bins_.empty()) {
    first_ = index;
    bins_.push_back(0);
  }
  const int last = first_ + static_cast<int>(bins_.size()) - 1;
  if (index < first_) {
    const int lowest = std::max(index, last - kMaxBins + 1);
    if (lowest < first_) {
      bins_.insert(bins_.begin(), static_cast<std::size_t>(first_ - lowest), 0.0);
      first_ = lowest;
    }
  } else if (index > last) {
    bins_.resize(static_cast<std::size_t>(index - first_) + 1, 0.0);
    if (const int surplus = static_cast<int>(bins_.size()) - kMaxBins; surplus > 0) {
      double joined = 0;
      for (int i = 0; i <= surplus; ++i) joined += bins_[static_cast<std::size_t>(i)];
      bins_.erase(bins_.begin(), bins_.begin() + surplus);
      bins_[0] = joined;
      first_ += surplus;
    }
  }
  ++bins_[static_cast<std::size_t>(std::max(index - first_, 0))];
}

void Sketch::append_protobuf(std::string& out) const {
  out += "\x0a\x12\x09";  // mapping: 18 bytes; gamma
  append_double(out, kGamma);
  out += '\x11';  // index offset
  append_double(out, kIndexOffset);
  std::string store;
  if (!bins_.empty()) {
    store += '\x12';  // contiguous counts, packed
    append_varint(store, bins_.size() * 8);
    for (const double count : bins_) append_double(store, count);
    store += '\x18';  // their first index, zigzag
    append_varint(
        store, static_cast<std::uint32_t>(first_ << 1) ^ static_cast<std::uint32_t>(first_ >> 31));
  }
  out += '\x12';  // positive values
  append_varint(out, store.size());
  out += store;
  out.append("\x1a\x00", 2);  // negative values
  if (zero_ != 0) {
    out += '\x21';  // zero count
    append_double(out, zero_);
  }
}

}  // namespace dd::stats
