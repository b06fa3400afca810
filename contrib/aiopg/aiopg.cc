// aiopg: its statements are those of the psycopg2 connections inside, and traced there.

#include "contrib/support/integration.h"

namespace dd::contrib::aiopg {
namespace {

constexpr const char* kModules[] = {"aiopg"};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {
    .name = "aiopg", .package = "aiopg", .versions = ">=0.16.0", .modules = kModules};

}  // namespace dd::contrib::aiopg
