// What host/preload/launcher.cc tells host/preload/start.cc through the environment, beside itself
// as the first entry of LD_PRELOAD.

#pragma once

namespace dd::host::preload {

inline constexpr char kFileVariable[] = "_DD_PRELOADED_FILE";  // this file, links resolved
inline constexpr char kNameVariable[] = "_DD_PRELOADED_AS";    // the name it was executed by
// The descriptor by which the loader found the file; set where LD_PRELOAD could not name it.
inline constexpr char kDescriptorVariable[] = "_DD_PRELOADED_FD";

}  // namespace dd::host::preload
