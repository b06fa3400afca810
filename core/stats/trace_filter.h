// Traces that the agent's configuration drops whole (filter_tags, filter_tags_regex,
// ignore_resources): while we compute the statistics they must be dropped here, uncounted.
//
// A filter is "key" (the local root has that text tag) or "key:value"; in the regular form the
// value is an expression that is searched for. What cannot be compiled filters nothing. The worker.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/trace/segment.h"

namespace dd::stats {

struct FilterLists {
  std::vector<std::string> require, reject;              // all of these; none of these
  std::vector<std::string> require_regex, reject_regex;  // the same
  std::vector<std::string> ignore_resources;             // expressions
};

class TraceFilter {
 public:
  explicit TraceFilter(const FilterLists& lists);
  ~TraceFilter();
  TraceFilter(TraceFilter&&) noexcept;
  TraceFilter& operator=(TraceFilter&&) noexcept;

  bool drops(const trace::Delivery& delivery) const;

 private:
  struct Rule;
  std::vector<Rule> required_, rejected_, ignored_;
};

}  // namespace dd::stats
