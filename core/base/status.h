// The outcome of what can fail. No exceptions: a Status is ok or carries one sentence that says
// what was being done and with what: "agent: POST /v0.4/traces: connection refused".

#pragma once

#include <optional>
#include <string>
#include <utility>

#include "core/base/check.h"

namespace dd {

class [[nodiscard]] Status {
 public:
  Status() = default;
  static Status error(std::string message) {
    Status status;
    status.message_.emplace(std::move(message));
    return status;
  }
  bool ok() const { return !message_; }
  const std::string& message() const {
    DD_DCHECK(!ok());
    return *message_;
  }

 private:
  std::optional<std::string> message_;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status status) : status_(std::move(status)) { DD_DCHECK(!status_.ok()); }
  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }
  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T value() && { return std::move(*value_); }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace dd
