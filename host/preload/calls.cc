#include "host/preload/calls.h"

#include <Python.h>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "host/preload/detour.h"

// The code jumps; the compiler need not know what the calls take and give.
#if defined(__x86_64__)
#define DD_JUMP "jmp "
#define DD_TO "@PLT"
#else
#define DD_JUMP "b "
#define DD_TO ""
#endif
#define DD_TAKEN(name)                                                                \
  extern "C" void __wrap_##name();                                                    \
  asm(".text\n.globl __real_" #name "\n.hidden __real_" #name "\n.type __real_" #name \
      ", %function\n__real_" #name ":\n" DD_JUMP #name DD_TO "\n");
#include "host/taken_calls.def"
#undef DD_TAKEN

extern "C" {
int __wrap_Py_FinalizeEx();
int __real_Py_FinalizeEx();
}

namespace dd::host::preload {
namespace {

struct Call {
  std::string_view name;
  void* ours;
};

template <class Function>
void* pointer(Function* function) {
  return reinterpret_cast<void*>(function);
}

using Symbol = ElfW(Sym);
using Relocation = ElfW(Rela);

// The dynamic section of the object CPython lies in.
struct Object {
  ElfW(Addr) base = 0;
  const Symbol* symbols = nullptr;
  const char* names = nullptr;
  const Relocation* tables[2] = {};
  std::size_t counts[2] = {};
  ElfW(Addr) writable = 0, writable_end = 0;  // what stays so when the loader is done

  bool read(const link_map& map, const void* start) {
    base = map.l_addr;
    find_writable(*static_cast<const ElfW(Ehdr)*>(start));
    for (const ElfW(Dyn)* entry = map.l_ld; entry->d_tag != DT_NULL; ++entry) {
      const auto at = entry->d_un.d_ptr;  // the loader made addresses of what were offsets
      switch (entry->d_tag) {
        case DT_SYMTAB:
          symbols = reinterpret_cast<const Symbol*>(at);
          break;
        case DT_STRTAB:
          names = reinterpret_cast<const char*>(at);
          break;
        case DT_JMPREL:
          tables[0] = reinterpret_cast<const Relocation*>(at);
          break;
        case DT_PLTRELSZ:
          counts[0] = entry->d_un.d_val / sizeof(Relocation);
          break;
        case DT_RELA:
          tables[1] = reinterpret_cast<const Relocation*>(at);
          break;
        case DT_RELASZ:
          counts[1] = entry->d_un.d_val / sizeof(Relocation);
          break;
        default:
          break;
      }
    }
    return symbols != nullptr && names != nullptr;
  }

  // The last part of an object's data: behind what is made read-only.
  void find_writable(const ElfW(Ehdr) & header) {
    const auto* const rows = reinterpret_cast<const ElfW(Phdr)*>(
        reinterpret_cast<const char*>(&header) + header.e_phoff);
    for (const ElfW(Phdr) & row : std::span(rows, header.e_phnum)) {
      const ElfW(Addr) begin = base + row.p_vaddr;
      if (row.p_type == PT_LOAD && (row.p_flags & PF_W) != 0) {
        writable = std::max(writable, begin);
        writable_end = begin + row.p_memsz;
      } else if (row.p_type == PT_GNU_RELRO) {
        writable = std::max(writable, begin + row.p_memsz);
      }
    }
  }
  bool is_writable(const void* const* slot) const {
    const auto at = reinterpret_cast<ElfW(Addr)>(slot);
    return at >= writable && at + sizeof *slot <= writable_end;
  }
};

bool is_slot(unsigned long type) {
#if defined(__x86_64__)
  return type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT;
#else
  return type == R_AARCH64_JUMP_SLOT || type == R_AARCH64_GLOB_DAT;
#endif
}

using Finalize = int (*)();
constinit Finalize cpython_finalize = nullptr;  // what is called instead of what is ours now

void take_slots(Memory& memory, const Object& object, std::span<const Call> calls) {
  for (int table = 0; table < 2; ++table)
    for (std::size_t i = 0; i < object.counts[table]; ++i) {
      const Relocation& row = object.tables[table][i];
      if (!is_slot(ELF64_R_TYPE(row.r_info))) continue;
      const std::string_view name = object.names + object.symbols[ELF64_R_SYM(row.r_info)].st_name;
      for (const Call& call : calls) {
        if (call.name != name) continue;
        void** const slot = reinterpret_cast<void**>(object.base + row.r_offset);
        if (object.is_writable(slot))
          *slot = call.ours;
        else
          memory.write(slot, &call.ours, sizeof call.ours);
      }
    }
}

}  // namespace

void take_calls() {
  const Call calls[] = {
#define DD_TAKEN(name) {#name, pointer(&__wrap_##name)},
#include "host/taken_calls.def"
#undef DD_TAKEN
  };
  Dl_info info;
  link_map* map = nullptr;
  Object object;
  if (dladdr1(pointer(&Py_RunMain), &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0 ||
      map == nullptr || !object.read(*map, info.dli_fbase))
    return;
  Memory memory;
  take_slots(memory, object, calls);
  cpython_finalize = reinterpret_cast<Finalize>(
      detour(memory, pointer(&Py_FinalizeEx), pointer(&__wrap_Py_FinalizeEx), info.dli_fbase));
}

}  // namespace dd::host::preload

int __real_Py_FinalizeEx() { return dd::host::preload::cpython_finalize(); }
