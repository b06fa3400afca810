// Which container this process runs in, as an agent wants to be told. Source: METRICS.md section 3.

#pragma once

#include <string>
#include <string_view>

namespace dd::transport {

// The id in the text of /proc/self/cgroup: 64 hexadecimal digits, a UUID, or an ECS task's
// "32 digits-number", in the last part of a path. Empty when there is none.
std::string container_id_of(std::string_view cgroup);

struct ContainerIdentity {
  std::string container_id;  // header Datadog-Container-ID
  std::string entity_id;     // header Datadog-Entity-ID: "ci-<id>", else "in-<inode>", else empty
};
ContainerIdentity container_identity();  // reads /proc and /sys/fs/cgroup

}  // namespace dd::transport
