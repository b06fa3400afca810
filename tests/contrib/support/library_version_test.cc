// Versions come from the metadata folders next to the packages, however those are written.

#include "contrib/support/library_version.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/core/py/interpreter.h"

namespace dd::contrib {
namespace {

struct Case {
  const char* name;
  const char* folder;
  const char* package;
  const char* version;
};
constexpr Case kCases[] = {
    {"a wheel's", "ddsample-3.1.3.dist-info", "ddsample", "3.1.3"},
    {"capital letters do not count", "DDSample-1.1.4.dist-info", "ddsample", "1.1.4"},
    {"nor does the kind of dash", "dd_sample-7.0.dist-info", "dd.sample", "7.0"},
    {"an egg's, with the version of python", "DDOld-2.0-py3.11.egg-info", "ddold", "2.0"},
    {"a longer name is another package", "ddsample_cors-5.0.dist-info", "ddsample", ""},
    {"a folder without a version", "ddsample-.dist-info", "ddsample", ""},
};

class LibraryVersion : public tests::PythonTest {};

TEST_F(LibraryVersion, is_read_from_the_names_of_metadata_folders) {
  const std::filesystem::path root = std::filesystem::path(testing::TempDir()) / "versions";
  for (const Case& one : kCases) {
    std::filesystem::remove_all(root);
    std::filesystem::create_directories(root / one.folder);
    const py::Ref path = py::imported("sys").attr("path");
    ASSERT_EQ(PyList_Insert(path.ptr(), 0, py::str(root.string()).ptr()), 0);
    EXPECT_EQ(library_version(one.package), one.version) << one.name;
    EXPECT_EQ(PyList_SetSlice(path.ptr(), 0, 1, nullptr), 0);
  }
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace dd::contrib
