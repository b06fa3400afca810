#include "products/crash/receiver.h"

#include <signal.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/ids.h"
#include "core/product/safe_mode.h"
#include "core/transport/agent.h"
#include "core/transport/connection.h"
#include "products/crash/pipe.h"
#include "products/crash/report.h"

namespace dd::crash {
namespace {

constexpr std::int64_t kPatienceNs = 2'000'000'000;
constexpr unsigned kLifeSeconds = 10;

std::string new_uuid() {
  char hex[32];
  base::random_uuid_hex(hex);
  std::string id(hex, 32);
  for (const std::size_t at : {20, 16, 12, 8}) id.insert(at, 1, '-');
  return id;
}

class Sender {
 public:
  explicit Sender(const Crash& crash) : errors_(crash.fact("errors_intake") != "0") {
    const Result<transport::Address> address = transport::parse_agent_url(crash.fact("agent_url"));
    if (address.ok()) connection_ = transport::make_connection(address.value());
    transport::agent::add_headers(common_);
  }
  void to_telemetry(const std::string& body) {
    send("/telemetry/proxy/api/v2/apmtelemetry",
         {{"User-Agent", "telemetry/7.0.0"},
          {"Content-Type", "application/json"},
          {"DD-Telemetry-API-Version", "v2"},
          {"DD-Telemetry-Request-Type", "logs"}},
         body);
  }
  void to_errors(const std::string& body) {
    if (!errors_) return;
    send("/evp_proxy/v4/api/v2/errorsintake",
         {{"User-Agent", "crashtracker/2.0.1"},
          {"X-Datadog-EVP-Subdomain", "error-tracking-intake"},
          {"Content-Type", "application/json"}},
         body);
  }

 private:
  void send(std::string_view target, const transport::Headers& headers, const std::string& body) {
    if (connection_ == nullptr) return;
    connection_->start(
        {.method = "POST", .target = target, .headers = {&common_, &headers}, .body = body},
        base::monotonic_ns() + kPatienceNs);
    if (transport::perform(*connection_) != transport::Progress::kDone) connection_.reset();
  }
  const bool errors_;
  transport::Headers common_;
  std::unique_ptr<transport::Connection> connection_;
};

// Calls `use` for each line of standard input.
template <class F>
void each_line(F&& use) {
  std::string held;
  char room[16384];
  for (ssize_t got; (got = read(0, room, sizeof room)) > 0;) {
    held.append(room, static_cast<std::size_t>(got));
    std::size_t start = 0;
    for (std::size_t end; (end = held.find('\n', start)) != held.npos; start = end + 1)
      use(std::string_view(held).substr(start, end - start));
    held.erase(0, start);
  }
}

// The next process of that program leaves out what has crashed this one.
void blame(const Crash& crash) {
  const std::string product = crash.fact("product");
  if (product.empty()) return;
  product::safe_mode::write(crash.fact("state_folder"), crash.fact("started_as"),
                            crash.fact("version_of_program"),
                            {.product = product,
                             .cause = signal_name(crash.signal),
                             .process = crash.process,
                             .wall_s = crash.wall_ns / 1'000'000'000});
}

}  // namespace

bool is_receiver(int argc, char** argv) {
  return argc == 2 && std::string_view(argv[1]) == kReceiverOption;
}

int run_receiver() {
  signal(SIGPIPE, SIG_IGN);
  alarm(kLifeSeconds);  // whatever happens
  Crash crash;
  crash.uuid = new_uuid();
  crash.wall_ns = base::wall_ns();
  Reader reader(crash);
  std::unique_ptr<Sender> sender;
  each_line([&](std::string_view line) {
    if (!reader.take(line) || sender) return;
    sender = std::make_unique<Sender>(crash);
    sender->to_telemetry(ping_for_telemetry(crash));
    sender->to_errors(ping_for_errors(crash));
  });
  if (!sender) return 1;
  blame(crash);
  Symbols symbols(parse_maps(crash.maps));
  sender->to_telemetry(report_for_telemetry(crash, symbols));
  sender->to_errors(report_for_errors(crash, symbols));
  return 0;
}

}  // namespace dd::crash
