#include "core/http/client_ip.h"

#include <arpa/inet.h>

#include <cstdint>
#include <cstring>

#include "core/base/ascii.h"
#include "core/http/text.h"

namespace dd::http {
namespace {

constexpr std::string_view kHeaders[] = {
    "x-forwarded-for",  "x-real-ip",         "true-client-ip",      "x-client-ip",
    "forwarded",        "forwarded-for",     "x-cluster-client-ip", "fastly-client-ip",
    "cf-connecting-ip", "cf-connecting-ipv6"};

struct Net4 {
  std::uint32_t prefix;
  int bits;
};
constexpr Net4 kReserved4[] = {
    {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},  {0xa9fe0000, 16},
    {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0a80000, 16}, {0xc6120000, 15},
    {0xc6336400, 24}, {0xcb007100, 24}, {0xf0000000, 4}};

struct Net6 {
  std::uint8_t prefix[6];
  int bits;
};
constexpr Net6 kReserved6[] = {{{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48},
                               {{0x20, 0x01, 0x00}, 23},
                               {{0x20, 0x01, 0x0d, 0xb8}, 32},
                               {{0x20, 0x02}, 16},
                               {{0x3f, 0xff, 0x00}, 20},
                               {{0xfc}, 7},
                               {{0xfe, 0x80}, 10}};

bool under(const std::uint8_t* address, const Net6& net) {
  const int whole = net.bits / 8, rest = net.bits % 8;
  if (std::memcmp(address, net.prefix, static_cast<std::size_t>(whole)) != 0) return false;
  if (rest == 0) return true;
  const int mask = 0xff << (8 - rest) & 0xff;
  return (address[whole] & mask) == (net.prefix[whole] & mask);
}

Reach reach4(std::uint32_t address) {
  for (const Net4& net : kReserved4) {
    if ((address >> (32 - net.bits)) == (net.prefix >> (32 - net.bits))) return Reach::kPrivate;
  }
  return Reach::kGlobal;
}

Reach reach6(const std::uint8_t* address) {
  constexpr std::uint8_t kZero[16] = {};
  if (std::memcmp(address, kZero, 15) == 0 && address[15] <= 1) return Reach::kPrivate;
  if (std::memcmp(address, kZero, 10) == 0 && address[10] == 0xff && address[11] == 0xff)
    return Reach::kPrivate;  // an IPv4 address written as IPv6
  if (address[0] == 0x01 && std::memcmp(address + 1, kZero, 7) == 0) return Reach::kPrivate;
  for (const Net6& net : kReserved6) {
    if (under(address, net)) return Reach::kPrivate;
  }
  return Reach::kGlobal;
}

bool starts_with_for(std::string_view text) {
  return text.size() > 4 && base::same_ignoring_case(text.substr(0, 4), "for=");
}

// The address in one piece of a header: `1.2.3.4`, `1.2.3.4:80`, `for=1.2.3.4`, `2001:db8::1`,
// `[2001:db8::1]:80`, `for="[2001:db8::1]"`.
std::string_view address_in(std::string_view piece) {
  piece = trimmed(piece);
  piece = piece.substr(0, piece.find(';'));
  if (starts_with_for(piece)) piece.remove_prefix(4);
  if (piece.size() >= 2 && piece.front() == '"' && piece.back() == '"')
    piece = piece.substr(1, piece.size() - 2);
  if (piece.starts_with('[')) {
    const auto close = piece.find(']');
    return close == std::string_view::npos ? std::string_view() : piece.substr(1, close - 1);
  }
  const auto colon = piece.find(':');
  if (colon != std::string_view::npos && piece.find(':', colon + 1) == std::string_view::npos)
    return piece.substr(0, colon);
  return piece;
}

}  // namespace

Reach reach(std::string_view address) {
  char text[INET6_ADDRSTRLEN + 1];
  if (address.empty() || address.size() >= sizeof text) return Reach::kInvalid;
  std::memcpy(text, address.data(), address.size());
  text[address.size()] = '\0';
  in_addr four;
  if (inet_pton(AF_INET, text, &four) == 1) return reach4(ntohl(four.s_addr));
  in6_addr six;
  if (inet_pton(AF_INET6, text, &six) == 1) return reach6(six.s6_addr);
  return Reach::kInvalid;
}

std::string client_ip(const HeaderReader& headers, std::string_view peer,
                      std::string_view only_header) {
  std::string_view value, first_private;
  if (!only_header.empty()) {
    const std::string_view address = trimmed(headers.read(headers.from, only_header));
    const Reach how_far = reach(address);
    if (how_far == Reach::kGlobal) return std::string(address);
    if (how_far == Reach::kPrivate) first_private = address;
  } else {
    for (const std::string_view name : kHeaders) {
      value = headers.read(headers.from, name);
      if (!value.empty()) break;
    }
  }
  while (!value.empty()) {
    const std::string_view address = address_in(next_piece(value, ','));
    const Reach how_far = reach(address);
    if (how_far == Reach::kGlobal) return std::string(address);
    if (how_far == Reach::kPrivate && first_private.empty()) first_private = address;
  }
  const Reach peer_reach = reach(peer);
  if (peer_reach == Reach::kGlobal) return std::string(peer);
  if (peer_reach == Reach::kPrivate && first_private.empty()) return std::string(peer);
  return std::string(first_private);
}

}  // namespace dd::http
