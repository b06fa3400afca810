#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "core/json/json.h"
#include "products/crash/pipe.h"
#include "products/crash/report.h"

namespace dd::crash {
namespace {

Crash read(std::initializer_list<const char*> lines) {
  Crash crash;
  crash.uuid = "u";
  Reader reader(crash);
  for (const char* line : lines) (void)reader.take(line);
  return crash;
}

std::string written(void (*write)(int file)) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  write(ends[1]);
  close(ends[1]);
  char room[1024];
  const ssize_t size = ::read(ends[0], room, sizeof room);
  close(ends[0]);
  return std::string(room, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
}

TEST(Line, writes_numbers_without_the_library) {
  EXPECT_EQ(written([](int file) {
              Line(file)
                  .text("a=")
                  .hex(0)
                  .text(" ")
                  .hex(0xfedcba9876543210)
                  .text(" ")
                  .decimal(INT64_MIN)
                  .text("\n")
                  .end();
            }),
            "a=0x0 0xfedcba9876543210 -9223372036854775808 \n");
}

TEST(Reader, takes_a_crash_apart) {
  Crash crash;
  Reader reader(crash);
  for (const char* line : {"service=shop", "signal=11 1 0x10", "process=7 8 my thread"})
    EXPECT_FALSE(reader.take(line));
  EXPECT_TRUE(reader.take("ping"));
  for (const char* line :
       {"register=rip 0x20", "maps", "signal=5", "end of maps", "frame=0x1 0x2", "runtime",
        "Thread", "end of runtime", "thread=9 S worker", "frame=0x3 0x4", "complete"})
    EXPECT_FALSE(reader.take(line));
  EXPECT_EQ(crash.fact("service"), "shop");
  EXPECT_EQ(crash.signal, SIGSEGV);
  EXPECT_EQ(crash.address, 16u);
  EXPECT_EQ(crash.thread_name, "my thread");
  EXPECT_EQ(crash.maps, "signal=5\n");
  EXPECT_EQ(crash.runtime, "Thread\n");
  ASSERT_EQ(crash.native.size(), 1u);
  ASSERT_EQ(crash.others.size(), 1u);
  EXPECT_EQ(crash.others[0].native[0].sp, 4u);
  EXPECT_EQ(crash.others[0].state + crash.others[0].name, "Sworker");
  EXPECT_TRUE(crash.complete);
}

TEST(Report, survives_words_that_are_none) {
  Crash crash = read({"signal=", "signal=x y z", "frame=", "frame=zz", "pyframe=", "process=", "=",
                      "", "thread=", "register="});
  Symbols symbols({});
  EXPECT_TRUE(json::parse(report_for_errors(crash, symbols)));
  EXPECT_TRUE(json::parse(ping_for_telemetry(crash)));
}

TEST(Report, names_what_happened) {
  const Crash crash = read({"service=shop", "env=prod", "signal=11 1 0x0", "ping", "complete"});
  const auto ping = json::parse(ping_for_errors(crash));
  EXPECT_EQ((*ping)["error"]["type"].text(), "SIGSEGV");
  EXPECT_FALSE((*ping)["error"]["is_crash"].boolean());
  EXPECT_EQ((*ping)["sig_info"]["si_code_human_readable"].text(), "SEGV_MAPERR");
  Symbols symbols({});
  const auto report = json::parse(report_for_telemetry(crash, symbols));
  const json::Value& log = (*report)["payload"]["logs"].items()[0];
  EXPECT_TRUE(log["is_crash"].boolean());
  EXPECT_EQ(log["level"].text(), "ERROR");
  EXPECT_TRUE(json::parse(log["message"].text()));
}

TEST(Report, has_the_frames_of_an_exception) {
  const Crash crash =
      read({"exception=ValueError", "message=no", "pyframe=3 f g\t/a b.py", "ping"});
  Symbols symbols({});
  const auto report = json::parse(report_for_errors(crash, symbols));
  EXPECT_EQ((*report)["error"]["type"].text(), "UnhandledException");
  const json::Value& frame = (*report)["error"]["stack"]["frames"].items()[0];
  EXPECT_EQ(frame["line"].integer(), 3);
}

TEST(Symbols, know_functions_of_this_program) {
  std::string text;
  std::FILE* const file = std::fopen("/proc/self/maps", "r");
  char room[4096];
  while (const std::size_t size = std::fread(room, 1, sizeof room, file)) text.append(room, size);
  std::fclose(file);
  Symbols symbols(parse_maps(text));
  const Location where = symbols.find(reinterpret_cast<std::uint64_t>(&ping_for_errors), false);
  EXPECT_NE(where.function.find("ping_for_errors"), std::string::npos);
  EXPECT_FALSE(where.path.empty());
  EXPECT_EQ(symbols.find(1, false).path, "");
}

}  // namespace
}  // namespace dd::crash
