#include "core/transport/resolver.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>

#include <cstring>

namespace dd::transport {
namespace {

void look_up(const char* host, const char* port, int flags, std::vector<SocketAddress>& out) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  if (getaddrinfo(host, port, &hints, &found) != 0) return;
  for (const addrinfo* at = found; at; at = at->ai_next) {
    SocketAddress one;
    if (at->ai_addrlen > sizeof(one.storage)) continue;
    std::memcpy(&one.storage, at->ai_addr, at->ai_addrlen);
    one.size = at->ai_addrlen;
    out.push_back(one);
  }
  freeaddrinfo(found);
}

}  // namespace

std::vector<SocketAddress> resolve_now(const std::string& host, const std::string& port) {
  std::vector<SocketAddress> out;
  if (host == "localhost") {
    look_up("127.0.0.1", port.c_str(), AI_NUMERICHOST, out);
    look_up("::1", port.c_str(), AI_NUMERICHOST, out);
  } else {
    look_up(host.c_str(), port.c_str(), AI_NUMERICHOST, out);
  }
  return out;
}

std::shared_ptr<Lookup> Lookup::start(const std::string& host, const std::string& port) {
  auto made = std::make_shared<Lookup>();
  made->host_ = host;
  made->port_ = port;
  auto* const kept = new std::shared_ptr<Lookup>(made);
  const auto body = [](void* argument) -> void* {
    const std::unique_ptr<std::shared_ptr<Lookup>> mine(
        static_cast<std::shared_ptr<Lookup>*>(argument));
    Lookup& lookup = **mine;
    look_up(lookup.host_.c_str(), lookup.port_.c_str(), 0, lookup.found_);
    lookup.done_.store(true, std::memory_order_release);
    return nullptr;
  };
  // Called on the worker, so that the thread has all signals blocked as well.
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 512 << 10);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  const bool started = pthread_create(&thread, &attributes, body, kept) == 0;
  pthread_attr_destroy(&attributes);
  if (started) return made;
  delete kept;
  return nullptr;
}

}  // namespace dd::transport
