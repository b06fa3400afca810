#include "core/stats/quantize.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <vector>

namespace dd::stats {
namespace {

constexpr std::string_view kBlocked = "blocked-ip-address";
constexpr int kMostCommands = 3;
constexpr std::string_view kCut = "...";

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return out;
}

std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }

// Those whose second word is part of the command.
bool has_two_words(std::string_view command) {
  constexpr std::string_view kGrpcNames[] = {"CLIENT", "CLUSTER", "COMMAND",
                                             "CONFIG", "DEBUG",   "SCRIPT"};
  return std::find(std::begin(kGrpcNames), std::end(kGrpcNames), command) != std::end(kGrpcNames);
}

std::string_view strip_spaces(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Of the dotted address that `text` begins with, also written with '-' or '_'; 0 when there is
// none.
std::size_t dotted_size(std::string_view text) {
  std::size_t at = 0;
  char separator = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (at >= text.size() || (separator ? text[at] != separator
                                          : text[at] != '.' && text[at] != '-' && text[at] != '_'))
        return 0;
      separator = text[at++];
    }
    int value = 0, digits = 0;
    for (; at < text.size() && digits < 3 && is_digit(text[at]); ++at, ++digits)
      value = value * 10 + (text[at] - '0');
    if (digits == 0 || value > 255) return 0;
  }
  return at;
}

bool is_v6(std::string_view text) {
  unsigned char parsed[16];
  return inet_pton(AF_INET6, std::string(text.substr(0, 64)).c_str(), parsed) == 1;
}

// The machine itself, and the metadata services of clouds: the same everywhere.
bool is_everywhere(std::string_view address) {
  constexpr std::string_view kAddresses[] = {"127.0.0.1", "::1", "169.254.169.254", "fd00:ec2::254",
                                             "169.254.170.2"};
  return std::find(std::begin(kAddresses), std::end(kAddresses), address) != std::end(kAddresses);
}

// "http://", "dnspoll:///", "ip-": what may stand before an address.
std::size_t prefix_size(std::string_view text) {
  if (text.starts_with("ip-")) return 3;
  for (const std::string_view scheme : {"dnspoll:", "ftp:", "file:", "https:", "http:"}) {
    if (!text.starts_with(scheme)) continue;
    const std::string_view rest = text.substr(scheme.size());
    return rest.starts_with("///")  ? scheme.size() + 3
           : rest.starts_with("//") ? scheme.size() + 2
                                    : 0;
  }
  return 0;
}

std::string quantize_address(std::string_view text) {
  const std::string_view prefix = text.substr(0, prefix_size(text));
  const std::string_view rest = text.substr(prefix.size());
  std::string_view address = rest.substr(0, dotted_size(rest)), after = rest.substr(address.size());
  if (address.empty() && is_v6(rest)) {
    address = rest;
    after = {};
  } else if (const std::size_t end = rest.find("]:"); rest.starts_with('[') && end != rest.npos) {
    address = rest.substr(1, end - 1);
    after = rest.substr(end + 1);
    if (!is_v6(address)) address = {};
  }
  if (address.empty() || is_everywhere(address)) return std::string(text);
  std::string out(prefix);
  out.append(kBlocked).append(after);
  return out;
}

constexpr std::string_view kGrpcNames[] = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

}  // namespace

std::string quantize_peer(std::string_view value) {
  std::vector<std::string> parts;
  value = value.substr(0, 2000);
  for (std::size_t end = 0; end != value.npos;
       value.remove_prefix(std::min(end + 1, value.size()))) {
    end = value.find(',');
    std::string part = quantize_address(value.substr(0, end));
    if (std::find(parts.begin(), parts.end(), part) == parts.end())
      parts.push_back(std::move(part));
    if (end == value.npos) break;
  }
  std::string out = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) out.append(",").append(parts[i]);
  return out;
}

std::string quantize_redis(std::string_view commands) {
  std::string out;
  int count = 0;
  bool cut = false;
  while (!commands.empty() && count < kMostCommands) {
    const std::size_t end = commands.find('\n');
    const std::string_view line = strip_spaces(commands.substr(0, end));
    commands.remove_prefix(end == commands.npos ? commands.size() : end + 1);
    if (line.empty()) continue;
    const std::string_view word = first_word(line);
    std::string command = upper(word);
    cut = word.ends_with(kCut);
    if (cut) continue;
    if (has_two_words(command) && word.size() < line.size()) {
      const std::string_view second = first_word(strip_spaces(line.substr(word.size() + 1)));
      cut = second.ends_with(kCut);
      if (cut) continue;
      command += " " + upper(second);
    }
    if (count++ > 0) out += ' ';
    out += command;
  }
  if (count == kMostCommands || cut) {
    if (!out.empty()) out += ' ';
    out += kCut;
  }
  return out;
}

std::string grpc_status(std::string_view value) {
  if (value.starts_with("StatusCode.")) value.remove_prefix(11);
  std::string upper(value);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  if (upper == "CANCELED") upper = "CANCELLED";
  const auto* const at = std::find(std::begin(kGrpcNames), std::end(kGrpcNames), upper);
  if (at != std::end(kGrpcNames)) return std::to_string(at - std::begin(kGrpcNames));
  const bool digits =
      !value.empty() && value.size() <= 3 &&
      std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits ? std::string(value) : std::string();
}

std::string_view grpc_name(std::string_view number) {
  std::size_t at = std::size(kGrpcNames);
  std::from_chars(number.data(), number.data() + number.size(), at);
  return at < std::size(kGrpcNames) ? kGrpcNames[at] : std::string_view();
}

}  // namespace dd::stats
