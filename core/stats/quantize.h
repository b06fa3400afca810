// Values that are too many to count by, made few. Total: any text has an answer.

#pragma once

#include <string>
#include <string_view>

namespace dd::stats {

// IP addresses at the beginning of each of a list become "blocked-ip-address":
// "http://10.0.0.1:80/x,db" is "http://blocked-ip-address:80/x,db". Each part once.
std::string quantize_peer(std::string_view value);

// The commands of a Redis resource without their arguments: "SET k v\nGET k" is "SET GET"; at most
// three, then "...".
std::string quantize_redis(std::string_view commands);

// Name or number of a gRPC status as a number: "OK", "StatusCode.OK" and "0" are "0". Empty when
// unknown.
std::string grpc_status(std::string_view value);
// The other way round: "14" is "UNAVAILABLE". Empty when unknown.
std::string_view grpc_name(std::string_view number);

}  // namespace dd::stats
