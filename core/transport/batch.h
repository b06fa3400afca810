// Small texts on their way to an intake, many to a request: collected here, sent when they are
// many, or old, or when somebody asks. One connection for each place, whoever sends there.
//
//     auto batch = Batch::make({.url = "https://http-intake.logs.datadoghq.com",
//                               .target = "/api/v2/logs", .open = "[", .close = "]"});
//     batch->add(R"({"message": "hello"})");
//
// Any thread but the worker. A forked child begins with nothing waiting. The end of the process
// sends what is there.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/transport/connection.h"

namespace dd::transport {

class Batch {
 public:
  struct Options {
    std::string url, target;
    Headers headers = {};
    std::string open = "[", close = "]";  // around the entries; commas come between them
    std::size_t max_bytes = 5'000'000;    // of a request
    std::size_t max_entries = 1000;
    std::int64_t period_ns = 10'000'000'000;
  };
  struct Trouble {   // a request that was not taken
    int status = 0;  // 0: no answer
    std::string text;
  };

  // Opens nothing. An error: the URL cannot be used.
  static Result<std::unique_ptr<Batch>> make(Options options);
  ~Batch();  // sends what is there
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // False: it is larger than a request may be, or too much is waiting.
  bool add(std::string_view entry);
  // Sends what is there and waits for the answers. False at the timeout.
  bool flush(std::int64_t timeout_ns);
  // What has gone wrong since the last call.
  std::vector<Trouble> take_troubles();

  struct State;

 private:
  explicit Batch(std::shared_ptr<State> state) : state_(std::move(state)) {}
  const std::shared_ptr<State> state_;  // shared with requests whose answers may come later
};

}  // namespace dd::transport
