#include "core/http/status_ranges.h"

#include <gtest/gtest.h>

namespace dd::http {
namespace {

TEST(StatusRanges, are_server_errors_unless_said) {
  const StatusRanges ranges;
  EXPECT_FALSE(ranges.contains(499));
  EXPECT_TRUE(ranges.contains(500));
  EXPECT_TRUE(ranges.contains(599));
  EXPECT_FALSE(ranges.contains(600));
}

TEST(StatusRanges, list_numbers_and_ranges) {
  const StatusRanges ranges(" 404 , 500-503,599-590");
  EXPECT_TRUE(ranges.contains(404));
  EXPECT_TRUE(ranges.contains(502));
  EXPECT_FALSE(ranges.contains(504));
  EXPECT_TRUE(ranges.contains(595));
}

TEST(StatusRanges, leave_out_what_is_no_number) {
  const StatusRanges ranges("x,4a-410,410-,,500");
  EXPECT_FALSE(ranges.contains(404));
  EXPECT_FALSE(ranges.contains(410));
  EXPECT_TRUE(ranges.contains(500));
}

}  // namespace
}  // namespace dd::http
