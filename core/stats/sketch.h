// A DDSketch of durations or sizes: counts in buckets whose bounds grow by 1/64, so that any
// quantile is known to less than one per cent. The agent merges sketches of this mapping without
// loss. Source: WRITER.md section 6, WIRE.md section 3. One thread at a time.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace dd::stats {

class Sketch {
 public:
  void add(double value);
  // The message `DDSketch` of the agent, appended.
  void append_protobuf(std::string& out) const;
  double count() const { return total_; }
  // Calls call(value in the middle of a bin, how many) for each bin that has any.
  template <class F>
  void each_bin(F&& call) const {
    if (zero_ != 0) call(0.0, zero_);
    for (std::size_t i = 0; i < bins_.size(); ++i)
      if (bins_[i] != 0) call(middle_of(first_ + static_cast<int>(i)), bins_[i]);
  }

 private:
  static double middle_of(int index);
  static constexpr int kMaxBins = 2048;  // beyond it the lowest are joined
  std::vector<double> bins_;
  int first_ = 0;  // index of bins_[0]
  double zero_ = 0, total_ = 0;
};

}  // namespace dd::stats
