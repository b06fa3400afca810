#include "core/telemetry/dependencies.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cstdio>

namespace dd::telemetry {
namespace {

class Site {
 public:
  Site() {
    char name[] = "/tmp/dd-telemetry-XXXXXX";
    path = std::string(mkdtemp(name));
    folder("");
    path += "/site-packages";
    folder("");
  }
  ~Site() {
    const std::string command = "rm -rf " + path.substr(0, path.rfind('/'));
    if (std::system(command.c_str()) != 0) ADD_FAILURE();
  }
  void folder(const std::string& name) { mkdir((path + "/" + name).c_str(), 0700); }
  void metadata(const std::string& name, const char* file, const char* text) {
    folder(name);
    std::FILE* const out = std::fopen((path + "/" + name + "/" + file).c_str(), "w");
    std::fputs(text, out);
    std::fclose(out);
  }
  std::string path;
};

TEST(Dependencies, are_the_distributions_of_what_was_imported) {
  Site site;
  site.metadata("Flask-3.0.1.dist-info", "RECORD",
                "flask/__init__.py,x,1\nFlask-3.0.1.dist-info/RECORD,,\n");
  site.metadata("typing_extensions-4.1.dist-info", "RECORD", "typing_extensions.py,x,1\n");
  site.metadata("PyYAML-6.0.dist-info", "top_level.txt", "_yaml\nyaml\n");
  site.metadata("unused-1.0.dist-info", "top_level.txt", "unused\n");
  site.metadata("ddtrace-4.16.0.dist-info", "top_level.txt", "ddtrace\n");
  std::string seen;
  for (const Dependency& one :
       dependencies_of({{"flask", site.path + "/flask/__init__.py"},
                        {"yaml", site.path + "/yaml/__init__.py"},
                        {"typing_extensions", site.path + "/typing_extensions.py"},
                        {"ddtrace", site.path + "/ddtrace/__init__.py"},
                        {"json", "/usr/lib/python3.11/json/__init__.py"}}))
    seen += one.name + "==" + one.version + " ";
  EXPECT_EQ(seen, "flask==3.0.1 pyyaml==6.0 typing-extensions==4.1 ");
}

TEST(Dependencies, that_share_a_namespace_are_told_apart) {
  Site site;
  site.metadata("protobuf-6.0.dist-info", "RECORD", "google/protobuf/__init__.py,x,1\n");
  site.metadata("google_auth-2.0.dist-info", "RECORD", "google/auth/__init__.py,x,1\n");
  site.metadata("zope.interface-8.0.dist-info", "top_level.txt", "zope\n");
  site.metadata("zope.interface-8.0.dist-info", "RECORD", "zope/interface/__init__.py,x,1\n");
  std::string seen;
  for (const Dependency& one :
       dependencies_of({{"google.protobuf", site.path + "/google/protobuf/__init__.py"},
                        {"zope.interface", site.path + "/zope/interface/__init__.py"}}))
    seen += one.name + "==" + one.version + " ";
  EXPECT_EQ(seen, "protobuf==6.0 zope-interface==8.0 ");
}

TEST(Dependencies, of_a_folder_that_is_gone_are_none) {
  EXPECT_TRUE(dependencies_of({{"x", "/no/site-packages/x.py"}, {"y", ""}}).empty());
}

}  // namespace
}  // namespace dd::telemetry
