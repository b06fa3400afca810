// Native code by its addresses: which file, where in it, which function.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dd::crash {

struct Mapping {
  std::uint64_t start = 0, end = 0, offset = 0;
  std::string path;
};
std::vector<Mapping> parse_maps(std::string_view text);  // of /proc/<pid>/maps, files only

struct Location {
  std::string path, build_id, function;
  std::uint64_t module_base = 0, relative = 0, symbol = 0;  // symbol: where the function begins
};

class Symbols {
 public:
  explicit Symbols(std::vector<Mapping> maps);
  ~Symbols();
  // Empty path: in no file. A return address belongs to the call before it.
  Location find(std::uint64_t address, bool is_return_address);

 private:
  class Module;
  const std::vector<Mapping> maps_;
  std::map<std::string, std::unique_ptr<Module>> modules_;
};

}  // namespace dd::crash
