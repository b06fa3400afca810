#include "core/statsd/client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/transport/worker.h"

namespace dd::statsd {
namespace {

class Ear {  // of an agent
 public:
  Ear() : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = std::to_string(ntohs(address.sin_port));
  }
  ~Ear() { close(socket_); }
  Place place() const { return {.host = "127.0.0.1", .port = port_}; }
  std::string packet(int timeout_ms = 10'000) {
    pollfd wait{.fd = socket_, .events = POLLIN};
    if (poll(&wait, 1, timeout_ms) <= 0) return "nothing";
    char room[65536];
    const ssize_t size = recv(socket_, room, sizeof room, 0);
    return std::string(room, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  }

 private:
  const int socket_;
  std::string port_;
};

TEST(Url, is_a_host_a_path_or_nothing) {
  struct Case {
    const char *url, *host, *port, *path;
  };
  for (const Case& one : {Case{"udp://h:1", "h", "1", ""}, Case{"h:2", "h", "2", ""},
                          Case{"udp://h", "h", "8125", ""}, Case{"unix:///s", "", "", "/s"},
                          Case{"/s", "", "", "/s"}, Case{"udp://[::1]:3", "::1", "3", ""}}) {
    Place place;
    EXPECT_TRUE(parse_url(one.url, place)) << one.url;
    EXPECT_EQ(place.host, one.host);
    EXPECT_EQ(place.port, one.port);
    EXPECT_EQ(place.path, one.path);
  }
  Place place;
  for (const char* bad : {"", "http://h", "unix://"}) EXPECT_FALSE(parse_url(bad, place)) << bad;
}

TEST(Client, sends_each_line_as_a_packet) {
  Ear ear;
  Client client({.to = ear.place()});
  client.add("a:1|c\n");
  client.add("b:2|c\n");
  EXPECT_EQ(ear.packet(), "a:1|c\n");
  EXPECT_EQ(ear.packet(), "b:2|c\n");
}

TEST(Client, packs_what_is_buffered) {
  Ear ear;
  Client client(
      {.to = ear.place(), .buffering = true, .flush_ns = 3'600'000'000'000, .packet_bytes = 12});
  for (const char* line : {"a:1|c\n", "b:2|c\n", "c:3|c\n", "much longer than a packet:4|c\n"})
    client.add(line);
  EXPECT_EQ(ear.packet(0), "nothing");
  client.flush();
  EXPECT_EQ(ear.packet(), "a:1|c\nb:2|c\n");
  EXPECT_EQ(ear.packet(), "c:3|c\n");
  EXPECT_EQ(ear.packet(), "much longer than a packet:4|c\n");
}

TEST(Client, forgets_what_nobody_takes) {
  Place gone;
  { gone = Ear().place(); }
  Client client({.to = gone});
  for (int i = 0; i < 10; ++i) {
    client.add("a:1|c\n");
    client.flush();
  }
  Client nowhere({.to = {.path = "/no/such/socket"}});
  nowhere.add("a:1|c\n");
  nowhere.flush();
}

TEST(Client, tells_of_itself) {
  Ear ear;
  Client client({.to = ear.place(), .telemetry = true, .telemetry_ns = 0, .telemetry_tags = "t"});
  client.count(Client::Kind::kMetric);
  client.add("a:1|c\n");
  client.flush();
  EXPECT_EQ(ear.packet(), "a:1|c\n");
  const std::string told = ear.packet();
  EXPECT_NE(told.find("datadog.dogstatsd.client.metrics:1|c|#t\n"), told.npos);
  EXPECT_NE(told.find("datadog.dogstatsd.client.bytes_sent:6|c|#t\n"), told.npos);
}

TEST(Client, sends_what_waits_at_the_end_of_the_process) {
  Ear ear;
  Client client({.to = ear.place(), .buffering = true, .flush_ns = 3'600'000'000'000});
  client.add("last:1|c\n");
  transport::Worker::get().shutdown(1'000'000'000);
  EXPECT_EQ(ear.packet(), "last:1|c\n");
}

}  // namespace
}  // namespace dd::statsd
