#include "core/transport/zstd.h"

#include <dlfcn.h>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace dd::transport {
namespace {

struct Zstd {
  std::size_t (*bound)(std::size_t) = nullptr;
  std::size_t (*compress)(void*, std::size_t, const void*, std::size_t, int) = nullptr;
  unsigned (*failed)(std::size_t) = nullptr;

  Zstd() {
    void* const library = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    const auto find = [library](auto& function, const char* name) {
      function =
          reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    };
    find(bound, "ZSTD_compressBound");
    find(compress, "ZSTD_compress");
    find(failed, "ZSTD_isError");
  }
};

}  // namespace

bool compress_zstd(std::string_view text, std::string& out) {
  static const Zstd library;
  if (!library.bound || !library.compress || !library.failed) return false;
  std::string room(library.bound(text.size()), '\0');
  const std::size_t size = library.compress(room.data(), room.size(), text.data(), text.size(), 1);
  if (library.failed(size)) return false;
  room.resize(size);
  out = std::move(room);
  return true;
}

}  // namespace dd::transport
