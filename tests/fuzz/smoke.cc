// smoke FOLDER [RUNS]: a fuzz target without libFuzzer: every file of the corpus as it is, then
// RUNS changed ones, the same in every run. Says which input it was when the target dies.

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace {

std::string input;

void show_input(int signal) {
  static const char kText[] = "died of this input:\n";
  (void)!write(2, kText, sizeof(kText) - 1);
  (void)!write(2, input.data(), input.size());
  (void)!write(2, "\n", 1);
  _exit(128 + signal);
}

void run() {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  for (const int one : {SIGABRT, SIGSEGV, SIGALRM}) signal(one, show_input);
  std::vector<std::string> corpus;
  if (DIR* folder = opendir(argv[1])) {
    while (const dirent* entry = readdir(folder)) {
      std::ifstream file(std::string(argv[1]) + "/" + entry->d_name, std::ios::binary);
      if (entry->d_name[0] != '.')
        corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    closedir(folder);
  }
  std::sort(corpus.begin(), corpus.end());
  if (corpus.empty()) {
    std::fprintf(stderr, "%s: no corpus\n", argv[1]);
    return 2;
  }
  input.clear();
  run();
  for (const std::string& one : corpus) {
    input = one;
    run();
  }
  const int runs = argc > 2 ? std::atoi(argv[2]) : 20000;
  std::mt19937_64 random(7);
  const auto below = [&random](std::size_t limit) { return limit ? random() % limit : 0; };
  for (int i = 0; i < runs; ++i) {
    input = corpus[below(corpus.size())];
    for (std::size_t changes = 1 + below(4); changes-- > 0;) {
      const std::size_t at = below(input.size() + 1);
      switch (below(6)) {
        case 0:
          if (at < input.size()) input[at] = static_cast<char>(random());
          break;
        case 1:
          input.insert(at, 1, static_cast<char>(random()));
          break;
        case 2:
          input.erase(at, 1 + below(8));
          break;
        case 3: {  // a piece of another
          const std::string& other = corpus[below(corpus.size())];
          const std::size_t from = below(other.size());
          input.insert(at, other.substr(from, 1 + below(32)));
          break;
        }
        case 4:  // a piece of itself, again
          input.insert(at, input.substr(below(input.size()), 1 + below(64)));
          break;
        default: {
          constexpr std::string_view kHard = "{}[]\"\\:,=;%-0189eE.\r\n\t \xff\x80";
          input.insert(at, 1 + below(5), kHard[below(kHard.size())]);
        }
      }
    }
    alarm(20);
    run();
  }
  alarm(0);
  return 0;
}
