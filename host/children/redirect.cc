#include "host/children/redirect.h"

#include <alloca.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dd::host::children {
namespace {

constexpr char kLibrary[] = "ddchildren";
constexpr int kMaxWords = 20'000;  // of arguments or environment, on the stack

const char* name_of(const char* path) {
  const char* const slash = strrchr(path, '/');
  return slash == nullptr ? path : slash + 1;
}

// False when it does not fit.
template <unsigned kSize>
bool copy(char (&to)[kSize], const char* from, unsigned long size) {
  if (size >= kSize) return false;
  memcpy(to, from, size);
  to[size] = 0;
  return true;
}

// "python", "python3", "python3.12", "python3.13t". The minor version, 0 without one, -1 for
// others.
int python_name(const char* name) {
  if (strncmp(name, "python", 6) != 0) return -1;
  name += 6;
  if (*name == 0) return 0;
  if (*name++ != '3') return -1;
  if (*name == 0) return 0;
  if (*name++ != '.' || *name == 0) return -1;
  int minor = 0;
  for (; *name >= '0' && *name <= '9'; ++name) minor = minor * 10 + (*name - '0');
  return *name == 0 || strcmp(name, "t") == 0 ? minor : -1;
}

bool is_program(const char* path) {
  struct stat status;
  return access(path, X_OK) == 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

// A python that is no script: the ddpython to run instead, into out.program.
bool choose(const Follow& follow, const char* path, Target& out) {
  const char* const own = follow.own;
  const int own_minor = follow.minor;
  char resolved[PATH_MAX];
  if (!is_program(path) || realpath(path, resolved) == nullptr) return false;
  if (strcmp(resolved, own) == 0) {
    if (out.kind != Target::Kind::kPython) return false;
    out.kind = Target::Kind::kOwn;
    return copy(out.program, path, strlen(path));
  }
  const int minor = python_name(name_of(resolved));
  if (minor < 0) return false;
  if (minor == 0 || minor == own_minor) return copy(out.program, own, strlen(own));
  const unsigned long folder = static_cast<unsigned long>(name_of(own) - own);
  constexpr char kName[] = "ddpython3.";
  if (folder + sizeof kName + 4 > sizeof out.program || minor > 99) return false;
  memcpy(out.program, own, folder);
  char* end = out.program + folder;
  memcpy(end, kName, sizeof kName - 1);
  end += sizeof kName - 1;
  if (minor > 9) *end++ = static_cast<char>('0' + minor / 10);
  *end++ = static_cast<char>('0' + minor % 10);
  *end = 0;
  return access(out.program, X_OK) == 0;
}

bool set_entry(const Follow& follow, const char* python, Target& out) {
  const unsigned long size = strlen(python);
  if (sizeof kActAs + size + 1 >= sizeof out.entry) return false;
  memcpy(out.entry, kActAs, sizeof kActAs - 1);
  char* end = out.entry + sizeof kActAs - 1;
  *end++ = '=';
  if (follow.library != nullptr) *end++ = '+';
  memcpy(end, python, size + 1);
  return true;
}

// Cuts the next word off `text`; null at the end.
char* next_word(char*& text) {
  while (*text == ' ' || *text == '\t') ++text;
  if (*text == 0) return nullptr;
  char* const word = text;
  while (*text != 0 && *text != ' ' && *text != '\t') ++text;
  if (*text != 0) *text++ = 0;
  return word;
}

// pip's form for long paths: `#!/bin/sh`, then `'''exec' "/path with blanks/python" "$0" "$@"`.
char* long_form(char* second_line) {
  constexpr char kStart[] = "'''exec' ";
  if (strncmp(second_line, kStart, sizeof kStart - 1) != 0) return nullptr;
  char* word = second_line + sizeof kStart - 1;
  if (*word != '"') return next_word(word);
  char* const end = strchr(++word, '"');
  if (end == nullptr) return nullptr;
  *end = 0;
  return word;
}

// `out.words` holds the start of the file, behind "#!".
bool read_script(char* const envp[], Target& out, char (&python)[1024]) {
  char* const line = out.words;
  char* const end = strchr(line, '\n');
  if (end == nullptr) return false;
  *end = 0;
  char* rest = line;
  char* const interpreter = next_word(rest);
  if (interpreter == nullptr) return false;
  out.shown = interpreter;
  out.option = nullptr;
  if (strcmp(name_of(interpreter), "sh") == 0) {
    char* const second = end + 1;
    char* const stop = strchr(second, '\n');
    if (stop == nullptr) return false;
    *stop = 0;
    out.shown = long_form(second);
    return out.shown != nullptr && copy(python, out.shown, strlen(out.shown));
  }
  while (*rest == ' ' || *rest == '\t') ++rest;
  for (char* last = rest + strlen(rest);
       last > rest && (last[-1] == ' ' || last[-1] == '\t' || last[-1] == '\r');)
    *--last = 0;
  if (strcmp(name_of(interpreter), "env") != 0) {
    if (*rest != 0) out.option = rest;  // the kernel passes the rest of the line as one argument
    return copy(python, interpreter, strlen(interpreter));
  }
  if (*rest == 0 || *rest == '-' || strpbrk(rest, " \t=") != nullptr) return false;
  out.shown = rest;
  return find_on_path(rest, envp, python);
}

bool is_launcher(const char* name) {
  return strcmp(name, "ddtrace-run") == 0 || strcmp(name, "datadog-run") == 0;
}

int count_of(char* const words[]) {
  int count = 0;
  while (words != nullptr && words[count] != nullptr && count <= kMaxWords) ++count;
  return count;
}

// The entry for LD_PRELOAD, with our library first. False when it is too long.
bool set_preload(const char* library, const char* before, char (&out)[1024]) {
  constexpr char kName[] = "LD_PRELOAD=";
  if (before == nullptr) before = "";
  if (const char* const rest = without_library(before)) before = rest;
  const unsigned long size = strlen(library), more = strlen(before);
  if (sizeof kName + size + more + 1 >= sizeof out) return false;
  memcpy(out, kName, sizeof kName - 1);
  char* end = out + sizeof kName - 1;
  memcpy(end, library, size);
  end += size;
  if (more != 0) *end++ = ':';
  memcpy(end, before, more + 1);
  return true;
}

bool is_entry(const char* entry, const char* name) {
  const unsigned long size = strlen(name);
  return strncmp(entry, name, size) == 0 && entry[size] == '=';
}

constexpr int kMaxEntries = 4;

// One of `entries` has the name of `entry`.
bool is_replaced(const char* entry, const char* const* entries) {
  for (; entries != nullptr && *entries != nullptr; ++entries) {
    const char* const equals = strchr(*entries, '=');
    if (strncmp(entry, *entries, static_cast<unsigned long>(equals - *entries) + 1) == 0)
      return true;
  }
  return false;
}

}  // namespace

const char* value_in(char* const envp[], const char* name) {
  const unsigned long size = strlen(name);
  for (; envp != nullptr && *envp != nullptr; ++envp)
    if (strncmp(*envp, name, size) == 0 && (*envp)[size] == '=') return *envp + size + 1;
  return nullptr;
}

bool find_on_path(const char* name, char* const envp[], char (&out)[1024]) {
  if (strchr(name, '/') != nullptr) return copy(out, name, strlen(name));
  const char* path = value_in(envp, "PATH");
  if (path == nullptr) path = "/bin:/usr/bin";
  const unsigned long size = strlen(name);
  for (;;) {
    const char* const colon = strchrnul(path, ':');
    const unsigned long folder = static_cast<unsigned long>(colon - path);
    if (folder + size + 2 < sizeof out) {
      memcpy(out, path, folder);
      unsigned long at = folder;
      if (folder != 0) out[at++] = '/';
      memcpy(out + at, name, size + 1);
      if (is_program(out)) return true;
    }
    if (*colon == 0) return false;
    path = colon + 1;
  }
}

const char* without_library(const char* value) {
  const char* const end = value + strcspn(value, ": ");
  const char* name = end;
  while (name > value && name[-1] != '/') --name;
  if (strncmp(name, kLibrary, sizeof kLibrary - 1) != 0) return nullptr;
  return *end == 0 ? end : end + 1;
}

bool find_python(const Follow& follow, const char* path, char* const envp[], Target& out) {
  out.kind = Target::Kind::kOther;
  const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) return false;
  char head[2] = {};
  const bool read_head = read(file, head, 2) == 2;
  const bool script = read_head && head[0] == '#' && head[1] == '!';
  const long size = script ? read(file, out.words, sizeof out.words - 1) : 0;
  close(file);
  if (!read_head) return false;
  const char* interpreter = path;
  char python[1024];
  Target::Kind kind = Target::Kind::kPython;
  if (script) {
    if (size <= 0 || !is_program(path)) return false;
    out.words[size] = 0;
    if (!read_script(envp, out, python)) return false;
    interpreter = python;
    // The reference's own launcher, installed beside that python: ours takes its place.
    kind = is_launcher(name_of(path)) ? Target::Kind::kLauncher : Target::Kind::kScript;
  }
  out.kind = kind;
  if (choose(follow, interpreter, out) && set_entry(follow, interpreter, out)) return true;
  out.kind = Target::Kind::kOther;
  return false;
}

int execute(const Follow& follow, const Target& target, const char* path, char* const argv[],
            char* const envp[],
            int (*call)(const char* path, char* const argv[], char* const envp[], void* data),
            void* data) {
  const bool other = target.kind == Target::Kind::kOther;
  if (other && follow.library == nullptr) return call(path, argv, envp, data);
  const int words = count_of(argv), entries = count_of(envp);
  if (words == 0 || words > kMaxWords || entries > kMaxWords) return call(path, argv, envp, data);

  const char** const environment = static_cast<const char**>(
      alloca((static_cast<unsigned>(entries) + 3 + kMaxEntries) * sizeof(char*)));
  char preload[1024];
  int at = 0;
  for (int i = 0; i < entries; ++i) {
    if (is_entry(envp[i], kActAs) || (!other && is_replaced(envp[i], follow.entries))) continue;
    if (!is_entry(envp[i], "LD_PRELOAD")) {
      environment[at++] = envp[i];
      continue;
    }
    if (other) continue;
    const char* const rest = without_library(envp[i] + sizeof "LD_PRELOAD");
    if (rest == nullptr) environment[at++] = envp[i];
    // What the user preloads stays: rest is the tail of an entry of another name.
    if (rest != nullptr && *rest != 0 && copy(preload, "LD_PRELOAD=", 11) &&
        strlen(rest) + 12 < sizeof preload) {
      memcpy(preload + 11, rest, strlen(rest) + 1);
      environment[at++] = preload;
    }
  }
  if (other) {
    if (!set_preload(follow.library, value_in(envp, "LD_PRELOAD"), preload))
      return call(path, argv, envp, data);
    environment[at++] = preload;
  } else if (target.kind != Target::Kind::kLauncher &&
             (target.kind != Target::Kind::kOwn || follow.library != nullptr)) {
    environment[at++] = target.entry;
  }
  for (int i = 0; !other && follow.entries != nullptr && follow.entries[i] != nullptr; ++i)
    if (i < kMaxEntries) environment[at++] = follow.entries[i];
  environment[at] = nullptr;
  char* const* const wanted = const_cast<char* const*>(environment);
  if (other) return call(path, argv, wanted, data);

  const char** const arguments =
      static_cast<const char**>(alloca((static_cast<unsigned>(words) + 4) * sizeof(char*)));
  at = 0;
  if (target.kind == Target::Kind::kScript) {
    arguments[at++] = target.shown;
    if (target.option != nullptr) arguments[at++] = target.option;
    arguments[at++] = path;
  } else {
    arguments[at++] = argv[0];
  }
  for (int i = 1; i <= words; ++i) arguments[at++] = argv[i];
  return call(target.program, const_cast<char* const*>(arguments), wanted, data);
}

}  // namespace dd::host::children
