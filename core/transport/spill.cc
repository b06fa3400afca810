#include "core/transport/spill.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <new>
#include <utility>
#include <vector>

#include "core/base/clock.h"

namespace dd::transport {
namespace {

constexpr std::string_view kPrefix = "ddpython-traces-", kSuffix = ".payload",
                           kHead = "ddpython 1 ";
constexpr std::int64_t kLookEveryNs = 60'000'000'000;

bool write_whole(const std::string& path, std::string_view head, std::string_view body) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return false;
  bool good = true;
  for (std::string_view part : {head, body})
    while (good && !part.empty()) {
      const ssize_t done = write(file, part.data(), part.size());
      if (done > 0)
        part.remove_prefix(static_cast<std::size_t>(done));
      else
        good = done < 0 && errno == EINTR;
    }
  return close(file) == 0 && good;
}

std::string_view word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view out = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return out;
}

std::uint64_t number(std::string_view& rest) {
  const std::string_view text = word(rest);
  std::uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

// Of "ddpython-traces-<pid>-...": whether that process is gone.
bool is_left(std::string_view name) {
  name.remove_prefix(kPrefix.size());
  int pid = 0;
  std::from_chars(name.data(), name.data() + name.size(), pid);
  return pid > 0 && pid != getpid() && kill(pid, 0) != 0 && errno == ESRCH;
}

}  // namespace

Spill::Spill(std::string directory, std::size_t max_bytes)
    : directory_(std::move(directory)), max_bytes_(max_bytes) {}

bool Spill::keep(const Payload& payload, std::string_view body) {
  if (bytes_ + body.size() > max_bytes_) return false;
  // Names sort by age.
  std::string name(kPrefix);
  std::string sequence = std::to_string(++sequence_);
  sequence.insert(0, 8 - std::min<std::size_t>(sequence.size(), 8), '0');
  name += std::to_string(getpid()) + "-" + std::to_string(base::wall_ns()) + "-" + sequence;
  const std::string made = directory_ + "/." + name,
                    final = directory_ + "/" + name.append(kSuffix);
  std::string head(kHead);
  head += payload.target + " " + payload.content_type + " " + std::to_string(payload.traces) + " " +
          std::to_string(payload.spans) + " " + std::to_string(body.size()) + "\n";
  if (!write_whole(made, head, body) || rename(made.c_str(), final.c_str()) != 0) {
    unlink(made.c_str());
    return false;
  }
  kept_.push_back({.file = final, .bytes = body.size()});
  bytes_ += body.size();
  return true;
}

bool Spill::waiting() {
  look_for_others();
  return !kept_.empty();
}

void Spill::look_for_others() {
  const std::int64_t now = base::monotonic_ns();
  if (now < look_again_ns_) return;
  look_again_ns_ = now + kLookEveryNs;
  DIR* const folder = opendir(directory_.c_str());
  if (!folder) return;
  std::vector<Kept> found;
  while (const dirent* const entry = readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix) || !is_left(name)) continue;
    Kept one{.file = directory_ + "/" + std::string(name), .ours = false};
    struct stat info;
    const bool known = std::any_of(kept_.begin(), kept_.end(),
                                   [&one](const Kept& kept) { return kept.file == one.file; });
    if (known || stat(one.file.c_str(), &info) != 0) continue;
    one.bytes = static_cast<std::size_t>(info.st_size);
    found.push_back(std::move(one));
  }
  closedir(folder);
  std::sort(found.begin(), found.end(),
            [](const Kept& a, const Kept& b) { return a.file < b.file; });
  for (Kept& one : found) {
    bytes_ += one.bytes;
    kept_.push_back(std::move(one));
  }
}

bool Spill::read(Payload& out, encoding::Buffer& body) {
  while (!kept_.empty()) {
    const Kept& first = kept_.front();
    std::string text;
    // Two processes that find the same one: the name is taken by whom renames it first.
    if (!first.ours) {
      std::string mine = directory_ + "/" + std::string(kPrefix) + std::to_string(getpid()) + "-" +
                         std::to_string(base::wall_ns()) + "-taken" + std::string(kSuffix);
      if (rename(first.file.c_str(), mine.c_str()) == 0) kept_.front().file = std::move(mine);
    }
    const int file = open(first.file.c_str(), O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
      char room[65536];
      for (ssize_t got; (got = ::read(file, room, sizeof(room))) > 0;)
        text.append(room, static_cast<std::size_t>(got));
      close(file);
    }
    const std::size_t end = text.find('\n');
    if (text.starts_with(kHead) && end != text.npos) {
      std::string_view head = std::string_view(text).substr(kHead.size(), end - kHead.size());
      Payload found{.file = first.file, .ours = first.ours};
      found.target = word(head);
      found.content_type = word(head);
      found.traces = number(head);
      found.spans = number(head);
      if (number(head) == text.size() - end - 1) {
        out = std::move(found);
        body.truncate(0);
        body.append(std::string_view(text).substr(end + 1));
        return true;
      }
    }
    remove({.file = first.file});
  }
  return false;
}

void Spill::remove(const Payload& payload) {
  unlink(payload.file.c_str());
  for (auto at = kept_.begin(); at != kept_.end(); ++at) {
    if (at->file != payload.file) continue;
    bytes_ -= std::min(at->bytes, bytes_);
    kept_.erase(at);
    return;
  }
}

// What the parent keeps it sends itself.
void Spill::forked(bool whole) {
  if (whole)
    kept_.clear();
  else
    new (&kept_) std::deque<Kept>;
  bytes_ = 0;
  look_again_ns_ = 0;
}

}  // namespace dd::transport
