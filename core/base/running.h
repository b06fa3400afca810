// Which product's code a thread is in, so that a crash can name it: a store on entry, one on exit.
//
//     const base::Running mark("telemetry");
//
// Read on the thread that crashed, in its signal handler.

#pragma once

namespace dd::base {

namespace detail {
extern constinit thread_local const char* running_product;
}

class Running {
 public:
  explicit Running(const char* product) : before_(detail::running_product) {  // of static storage
    detail::running_product = product;
  }
  ~Running() { detail::running_product = before_; }
  Running(const Running&) = delete;

 private:
  const char* const before_;
};

// Null: none, or the application's code.
inline const char* running_product() { return detail::running_product; }

}  // namespace dd::base
