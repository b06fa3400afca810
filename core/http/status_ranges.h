// Which HTTP statuses make an error of a span: "500-599" or "400,500-503".

#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace dd::http {

class StatusRanges {
 public:
  // Pieces that are neither a number nor a range are left out.
  explicit StatusRanges(std::string_view text = "500-599");
  bool contains(int status) const;

 private:
  std::vector<std::pair<int, int>> ranges_;
};

}  // namespace dd::http
