#include "products/flare/flare.h"

#include <gtest/gtest.h>

#include "core/base/log_history.h"
#include "products/flare/zip.h"

namespace dd::flare {
namespace {

TEST(Zip, has_the_checksum_of_zip) { EXPECT_EQ(crc32("123456789"), 0xcbf43926u); }

TEST(Zip, lists_each_file_in_the_directory_at_its_end) {
  const std::string archive = zip({{"a", "one"}, {"b/c", "two"}});
  EXPECT_TRUE(archive.starts_with("PK\x03\x04"));
  const std::size_t end = archive.find("PK\x05\x06");
  ASSERT_NE(end, archive.npos);
  EXPECT_EQ(archive.size(), end + 22);
  EXPECT_EQ(archive[end + 8], 2);
  const std::size_t directory = archive.find("PK\x01\x02");
  EXPECT_EQ(archive.substr(directory + 46, 1), "a");
  EXPECT_EQ(static_cast<unsigned char>(archive[end + 16]), directory);
}

TEST(Flare, is_for_cases_of_the_support) {
  for (const char* good : {"12345", "12345-with-debug", "12345-with-content"})
    EXPECT_TRUE(is_case_id(good)) << good;
  for (const char* bad : {"", "0", "x", "12 3", "-1", "12345-with-luck"})
    EXPECT_FALSE(is_case_id(bad)) << bad;
}

TEST(Flare, is_a_form_with_the_archive_as_a_file) {
  const Form form = make_form({"1", "host", "me@x.y", "u-1"}, "PK", 7);
  EXPECT_NE(form.body.find("name=\"case_id\"\r\n\r\n1\r\n"), std::string::npos);
  EXPECT_NE(form.body.find("name=\"email\"\r\n\r\nme@x.y\r\n"), std::string::npos);
  EXPECT_NE(form.body.find("filename=\"tracer-python-1-7-debug.zip\"\r\n"), std::string::npos);
  EXPECT_TRUE(form.body.ends_with("--" + form.boundary + "--\r\n"));
}

TEST(LogHistory, keeps_the_last_lines_whatever_their_level) {
  for (int i = 0; i < 300; ++i) base::log(base::LogLevel::kDebug, "line " + std::to_string(i));
  const auto lines = base::logged_lines();
  ASSERT_EQ(lines.size(), 256u);
  EXPECT_EQ(lines.front().message, "line 44");
  EXPECT_EQ(lines.back().message, "line 299");
}

}  // namespace
}  // namespace dd::flare
