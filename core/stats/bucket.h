// What the statistics of some seconds are counted by, and what is counted. For this library.

#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/stats/sketch.h"

namespace dd::stats {

inline constexpr std::string_view kTooMany = "tracer_blocked_value",
                                  kTooManyTags = "tracer_blocked_value:";

struct Key {
  std::string service, name, resource, type, kind, method, endpoint, source, grpc;
  std::int64_t status = 0;
  bool synthetics = false;
  enum class Root : char { kUnknown, kYes, kNo } root = Root::kNo;
  std::vector<std::string> peers, additional;  // "name:value"

  static Key of_too_many() {
    Key out;
    for (std::string* part : {&out.service, &out.name, &out.resource, &out.type, &out.kind,
                              &out.method, &out.endpoint, &out.source})
      *part = kTooMany;
    out.root = Root::kUnknown;
    out.peers = {std::string(kTooMany)};
    out.additional = {std::string(kTooManyTags)};
    return out;
  }
  std::string bytes() const {
    std::string out;
    for (const std::string* part :
         {&service, &name, &resource, &type, &kind, &method, &endpoint, &source, &grpc})
      out.append(*part).push_back('\0');
    out += std::to_string(status);
    out += synthetics ? 's' : ' ';
    out += static_cast<char>('0' + static_cast<int>(root));
    for (const auto* list : {&peers, &additional}) {
      for (const std::string& one : *list) out.append(one).push_back('\0');
      out += '\1';
    }
    return out;
  }
};

struct Durations {  // in nanoseconds
  Sketch sketch;
  std::uint64_t count = 0, sum = 0, least = std::numeric_limits<std::uint64_t>::max(), most = 0;

  void add(std::uint64_t one) {
    sketch.add(static_cast<double>(one));
    ++count;
    sum += one;
    least = std::min(least, one);
    most = std::max(most, one);
  }
};

struct Group {
  Key key;
  std::uint64_t top_level = 0;
  Durations good, bad;
};

struct Bucket {
  std::unordered_map<std::string, Group> groups;
  std::set<std::string, std::less<>> resources, endpoints, peers, additional;

  // The value, or the one for all that are too many.
  static void limit(std::set<std::string, std::less<>>& known, std::string& value,
                    std::size_t most) {
    if (value.empty() || known.contains(value)) return;
    if (known.size() < most)
      known.insert(value);
    else
      value = kTooMany;
  }
  static void limit(std::set<std::string, std::less<>>& known, std::vector<std::string>& values,
                    std::size_t most, std::string_view instead) {
    std::string joined;
    for (const std::string& value : values) joined.append(value).push_back('\0');
    if (known.contains(joined)) return;
    if (known.size() < most)
      known.insert(std::move(joined));
    else
      values.assign(1, std::string(instead));
  }
};

using Over = std::vector<std::pair<std::int64_t, std::unique_ptr<Bucket>>>;  // by start

}  // namespace dd::stats
