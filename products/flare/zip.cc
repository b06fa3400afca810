#include "products/flare/zip.h"

namespace dd::flare {
namespace {

void put(std::string& out, std::uint64_t value, int bytes) {  // little endian
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i);
}

// What the header of a file and its entry in the directory have in common. The date is the first
// that ZIP knows.
void put_facts(std::string& out, const std::string& name, std::string_view content) {
  put(out, 20, 2);      // version needed
  put(out, 0x0800, 2);  // names are UTF-8
  put(out, 0, 2);       // stored
  put(out, 0, 2);
  put(out, 33, 2);
  put(out, crc32(content), 4);
  put(out, content.size(), 4);
  put(out, content.size(), 4);
  put(out, name.size(), 2);
  put(out, 0, 2);  // nothing extra
}

}  // namespace

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0u);
  }
  return ~crc;
}

std::string zip(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string out, directory;
  for (const auto& [name, content] : files) {
    const std::size_t at = out.size();
    out += "PK\x03\x04";
    put_facts(out, name, content);
    out += name;
    out += content;
    directory += "PK\x01\x02";
    put(directory, 0x0314, 2);  // made by Unix
    put_facts(directory, name, content);
    put(directory, 0, 2);  // no comment
    put(directory, 0, 2);  // the first disk
    put(directory, 0, 2);
    put(directory, 0100644ull << 16, 4);  // a file that its owner writes
    put(directory, at, 4);
    directory += name;
  }
  const std::size_t at = out.size();
  out += directory;
  out += "PK\x05\x06";
  put(out, 0, 4);
  put(out, files.size(), 2);
  put(out, files.size(), 2);
  put(out, directory.size(), 4);
  put(out, at, 4);
  put(out, 0, 2);
  return out;
}

}  // namespace dd::flare
