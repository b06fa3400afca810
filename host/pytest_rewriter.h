// pytest rewrites the assertions of plugins: its finder stands before all others and looks for them
// in the folders of sys.path by itself. An installed ddtrace names a plugin, so pytest would import
// that ddtrace in the place of the one in the binary. From here on it finds nothing of that name.

#pragma once

namespace dd::host {

// With the GIL, after the finder was installed.
void keep_package_from_pytest_rewriter();

}  // namespace dd::host
