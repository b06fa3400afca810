// A DDSketch of durations or sizes: counts in buckets whose bounds grow by 1/64, so that any
// quantile is known to less than one per cent. The agent merges sketches of this mapping without
// loss. Source: WRITER.md section 6, WIRE.md section 3. One thread at a time.

#pragma once

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

 private:
  static constexpr int kMaxBins = 2048;  // beyond it the lowest are joined
  std::vector<double> bins_;
  int first_ = 0;  // index of bins_[0]
  double zero_ = 0, total_ = 0;
};

}  // namespace dd::stats
