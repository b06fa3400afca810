#include "products/discovery/discovery.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "core/base/fork.h"

namespace dd::discovery {
namespace {

const Identity kWho{.runtime_id = "r", .tracer_version = "4", .hostname = "h", .service = "s"};

// What the descriptors of this process of that name hold.
std::vector<std::string> shown(std::string_view name) {
  std::vector<std::string> out;
  DIR* const folder = opendir("/proc/self/fd");
  while (const dirent* entry = readdir(folder)) {
    const std::string path = std::string("/proc/self/fd/") + entry->d_name;
    char target[256] = {};
    if (readlink(path.c_str(), target, sizeof target - 1) <= 0) continue;
    if (std::string_view(target).find(name) == std::string_view::npos) continue;
    std::ifstream file(path);
    out.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  closedir(folder);
  return out;
}

TEST(Discovery, is_a_map_without_what_is_empty) {
  EXPECT_EQ(tracer_record(kWho),
            "\x86\xaeschema_version\x01\xaaruntime_id\xa1r\xaftracer_language\xa6python\xaetracer_"
            "version\xa1"
            "4\xa8hostname\xa1h\xacservice_name\xa1s");
}

TEST(Discovery, is_a_resource_of_attributes) {
  EXPECT_TRUE(context_record(kWho).starts_with(
      std::string("\x0a\x13\x0a\x0cservice.name\x12\x03\x0a\x01s", 21)));
}

TEST(Discovery, shows_the_last_word_only) {
  publish(kWho);
  Identity renamed = kWho;
  renamed.service = "renamed";
  publish(renamed);
  EXPECT_EQ(shown("datadog-tracer-info-"), std::vector<std::string>{tracer_record(renamed)});
  std::ifstream maps("/proc/self/maps");
  const std::string all{std::istreambuf_iterator<char>(maps), std::istreambuf_iterator<char>()};
  const std::size_t first = all.find("/memfd:OTEL_CTX");
  EXPECT_NE(first, all.npos);
  EXPECT_EQ(all.find("/memfd:OTEL_CTX", first + 1), all.npos);
}

// The page of the parent is not in the child: what the child has there is not ours to take away.
TEST(Discovery, leaves_the_memory_of_a_forked_child_alone) {
  base::on_fork(base::ForkOrder::kHost, {});  // generations are counted
  publish(kWho);
  const pid_t child = fork();
  if (child == 0) {
    void* pages[64];
    for (void*& page : pages) {
      page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      *static_cast<int*>(page) = 7;
    }
    publish(kWho);
    for (void* const page : pages)
      if (*static_cast<int*>(page) != 7) _exit(1);
    _exit(0);
  }
  int status = 1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace dd::discovery
