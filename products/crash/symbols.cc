#include "products/crash/symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <span>

namespace dd::crash {
namespace {

std::uint64_t hex_number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

std::string_view map_word(std::string_view& text) {
  const std::size_t start = std::min(text.find_first_not_of(' '), text.size());
  const std::size_t end = std::min(text.find(' ', start), text.size());
  const std::string_view word = text.substr(start, end - start);
  text.remove_prefix(end);
  return word;
}

}  // namespace

std::vector<Mapping> parse_maps(std::string_view text) {
  std::vector<Mapping> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view range = map_word(line);
    const std::size_t dash = range.find('-');
    if (dash == range.npos) continue;
    Mapping one{.start = hex_number(range.substr(0, dash)),
                .end = hex_number(range.substr(dash + 1))};
    (void)map_word(line);
    one.offset = hex_number(map_word(line));
    (void)map_word(line);
    (void)map_word(line);
    const std::size_t path = line.find('/');
    if (path == line.npos) continue;
    one.path = line.substr(path);
    out.push_back(std::move(one));
  }
  return out;
}

// A file of ELF, read through a mapping; every place in it is checked against its size.
class Symbols::Module {
 public:
  explicit Module(const std::string& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0) return;
    if (fstat(file, &status) == 0 && status.st_size > 0) {
      size_ = static_cast<std::size_t>(status.st_size);
      void* const memory = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
      if (memory != MAP_FAILED) bytes_ = static_cast<const char*>(memory);
    }
    close(file);
    if (bytes_ != nullptr) read_headers();
  }
  ~Module() {
    if (bytes_ != nullptr) munmap(const_cast<char*>(bytes_), size_);
  }
  const std::string& build_id() const { return build_id_; }
  // The address of the file's own that stands at `offset` in it.
  std::uint64_t address_at(std::uint64_t offset) const {
    for (const Elf64_Phdr& segment : segments_)
      if (segment.p_type == PT_LOAD && offset >= segment.p_offset &&
          offset < segment.p_offset + segment.p_filesz)
        return offset - segment.p_offset + segment.p_vaddr;
    return offset;
  }
  struct Symbol {
    std::string name;
    std::uint64_t start;
  };
  std::optional<Symbol> function_at(std::uint64_t address) const {
    for (const Elf64_Shdr& section : sections_) {
      if (section.sh_type != SHT_SYMTAB && section.sh_type != SHT_DYNSYM) continue;
      if (section.sh_link >= sections_.size()) continue;
      const auto symbols = table<Elf64_Sym>(section.sh_offset, section.sh_size / sizeof(Elf64_Sym));
      for (const Elf64_Sym& symbol : symbols) {
        if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || address < symbol.st_value ||
            address >= symbol.st_value + std::max<std::uint64_t>(symbol.st_size, 1))
          continue;
        const Elf64_Shdr& names = sections_[section.sh_link];
        const std::uint64_t at = names.sh_offset + symbol.st_name;
        if (symbol.st_name >= names.sh_size || at >= size_) continue;
        return Symbol{std::string(bytes_ + at, strnlen(bytes_ + at, size_ - at)), symbol.st_value};
      }
    }
    return std::nullopt;
  }

 private:
  template <class T>
  std::span<const T> table(std::uint64_t offset, std::uint64_t count) const {
    if (offset > size_ || count > (size_ - offset) / sizeof(T) || offset % alignof(T) != 0)
      return {};
    return {reinterpret_cast<const T*>(bytes_ + offset), static_cast<std::size_t>(count)};
  }
  void read_headers() {
    const auto headers = table<Elf64_Ehdr>(0, 1);
    if (headers.empty() || std::memcmp(headers[0].e_ident, ELFMAG, SELFMAG) != 0 ||
        headers[0].e_ident[EI_CLASS] != ELFCLASS64)
      return;
    segments_ = table<Elf64_Phdr>(headers[0].e_phoff, headers[0].e_phnum);
    sections_ = table<Elf64_Shdr>(headers[0].e_shoff, headers[0].e_shnum);
    for (const Elf64_Phdr& segment : segments_)
      if (segment.p_type == PT_NOTE) read_notes(segment.p_offset, segment.p_filesz);
  }
  void read_notes(std::uint64_t at, std::uint64_t bytes) {
    const std::uint64_t end = at + bytes;
    while (at + sizeof(Elf64_Nhdr) <= end) {
      const auto note = table<Elf64_Nhdr>(at, 1);
      if (note.empty()) return;
      const std::uint64_t name = at + sizeof(Elf64_Nhdr);
      const std::uint64_t content = name + ((note[0].n_namesz + 3ull) & ~3ull);
      const auto bytes_of = table<unsigned char>(content, note[0].n_descsz);
      if (note[0].n_type == NT_GNU_BUILD_ID && note[0].n_namesz == 4) {
        for (const unsigned char byte : bytes_of) {
          build_id_ += "0123456789abcdef"[byte >> 4];
          build_id_ += "0123456789abcdef"[byte & 15];
        }
        return;
      }
      at = content + ((note[0].n_descsz + 3ull) & ~3ull);
    }
  }

  const char* bytes_ = nullptr;
  std::size_t size_ = 0;
  std::span<const Elf64_Phdr> segments_;
  std::span<const Elf64_Shdr> sections_;
  std::string build_id_;
};

Symbols::Symbols(std::vector<Mapping> maps) : maps_(std::move(maps)) {}
Symbols::~Symbols() = default;

Location Symbols::find(std::uint64_t address, bool is_return_address) {
  Location out;
  for (const Mapping& mapping : maps_) {
    if (address < mapping.start || address >= mapping.end) continue;
    auto& module = modules_[mapping.path];
    if (!module) module = std::make_unique<Module>(mapping.path);
    out.path = mapping.path;
    out.build_id = module->build_id();
    out.relative = module->address_at(address - mapping.start + mapping.offset);
    out.module_base = address - out.relative;
    const std::uint64_t called = out.relative - (is_return_address ? 1 : 0);
    if (const auto function = module->function_at(called)) {
      out.function = function->name;
      out.symbol = out.module_base + function->start;
    }
    break;
  }
  return out;
}

}  // namespace dd::crash
