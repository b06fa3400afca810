// The products of this process: products/products.def made into a table, and run.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/product/manager.h"

namespace dd::products {
#define DD_PRODUCT(symbol, ...) extern constinit const product::Product symbol;
#include "products/products.def"
#undef DD_PRODUCT
}  // namespace dd::products

namespace dd::host {

// Before Python, the environment loaded.
void resolve_products();

// Who this process is from its start on, for safe mode.
std::string start_name();

// `on`, but never for --dd-local, which talks to no agent. `setting`: the name of what says so.
product::Wanted with_agent(bool on, std::string_view setting);

// With the GIL, before the application. `failing`: for tests, see product::Options.
Status start_products(std::string_view failing);

// What became of each product of this process; before start_products(): what will.
std::vector<product::Report> product_reports();

}  // namespace dd::host
