// What a request brings: its URL, and the headers that say where it came from, one a line.

#include <map>
#include <string>

#include "core/http/client_ip.h"
#include "core/http/redact.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = dd::fuzz::text_of(data, size);
  const std::string url(dd::fuzz::next_line(rest));
  static const dd::http::QueryRedactor kRedactor("(?:token|password)=[^&]*");
  FUZZ_CHECK(kRedactor.usable());
  const std::string shown = dd::http::shown_url(url, true, kRedactor);
  FUZZ_CHECK(kRedactor.query(kRedactor.query(url)) == kRedactor.query(url));
  std::map<std::string, std::string, std::less<>> headers;
  while (!rest.empty()) {
    const std::string_view line = dd::fuzz::next_line(rest);
    if (const std::size_t colon = line.find(": "); colon != line.npos)
      headers.insert_or_assign(std::string(line.substr(0, colon)), line.substr(colon + 2));
  }
  const auto read = [](const void* from, std::string_view name) -> std::string_view {
    const auto& all = *static_cast<const decltype(headers)*>(from);
    const auto at = all.find(name);
    return at == all.end() ? std::string_view() : std::string_view(at->second);
  };
  (void)dd::http::client_ip({read, &headers}, "10.0.0.1", {});
  (void)dd::http::client_ip({read, &headers}, "10.0.0.1", "x-forwarded-for");
  (void)dd::http::reach(url);
  return 0;
}
