// Lines of DogStatsD from whatever a program gives, as the agent receives them; and places to send
// them to.

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "core/statsd/client.h"
#include "pyshim/native/statsd_object.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/python.h"

namespace {

using namespace dd;
using py::Ref;

int listening = -1;

void start() {
  sockaddr_un where{.sun_family = AF_UNIX, .sun_path = {}};
  std::snprintf(where.sun_path, sizeof where.sun_path, "/tmp/dd-statsd-fuzz-%d", getpid());
  listening = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  FUZZ_CHECK(bind(listening, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
  fuzz::start_python(R"(
METHODS = ["gauge", "increment", "decrement", "histogram", "distribution", "timing", "set"]
def step(client, method, name, value, tags, rate):
    getattr(client, METHODS[method % len(METHODS)])(name, value, tags=tags, sample_rate=rate)
def open(kind, path):
    client = kind()
    client._start("", "", path, 1432, True, 100.0, False, 10.0, "", "", "", "", "")
    client._enabled = True
    client.default_sample_rate = 1
    client.increment("first")
    client.flush()
    return client
)");
  Ref names = fuzz::eval("globals()");
  (void)names.set_item("kind", py::Handle(reinterpret_cast<PyObject*>(pyshim::statsd_type())));
  (void)names.set_item("path", py::str(where.sun_path));
  static const Ref* const client = new Ref(fuzz::eval("open(kind, path)"));
  unlink(where.sun_path);
  (void)names.set_item("client", *client);
}

// Names and values go as they are; tags cannot be taken for anything else.
void check(std::string_view packet) {
  while (!packet.empty()) {
    const std::string_view line = fuzz::next_line(packet);
    if (!line.starts_with("plain:1|")) continue;
    const std::size_t kind = line.find('|', 8);
    FUZZ_CHECK(kind == line.npos || line.substr(kind).starts_with("|#"));
    if (kind != line.npos) FUZZ_CHECK(line.find_first_of("|# \t\r", kind + 2) == line.npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool started = [] {
    start();
    return true;
  }();
  (void)started;
  static const Ref* const step = new Ref(fuzz::eval("step"));
  static const Ref* const client = new Ref(fuzz::eval("client"));
  static const Ref* const flush = new Ref(fuzz::eval("client.flush"));
  statsd::Place place;
  if (statsd::parse_url(fuzz::text_of(data, size), place)) FUZZ_CHECK(!place.empty());
  fuzz::Maker maker(data, size);
  for (int steps = 0; maker.more() && steps < 20; ++steps) {
    const unsigned method = maker.byte();
    Ref name = maker.object(), value = maker.object(), rate = py::none().share();
    const Ref tags = maker.object();
    if (method & 0x80) rate = maker.object();
    if (method & 0x40) {
      name = py::str("plain");
      value = Ref::steal(PyLong_FromLong(1));
      rate = py::none().share();
    }
    (void)Ref::steal(PyObject_CallFunction(step->ptr(), "OIOOOO", client->ptr(), method & 0x3f,
                                           name.ptr(), value.ptr(), tags.ptr(), rate.ptr()));
    fuzz::forget_error();
  }
  (void)Ref::steal(PyObject_CallNoArgs(flush->ptr()));
  static char room[65536];
  for (ssize_t got; (got = recv(listening, room, sizeof room, 0)) > 0;)
    check({room, static_cast<std::size_t>(got)});
  return 0;
}
