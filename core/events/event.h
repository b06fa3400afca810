// Typed events between who knows the application (integrations emit) and who wants to know
// (products listen). Neither names the other.
//
// A struct is an event, and its type is its channel: there are no names to look up and nothing is
// registered. Without a listener emit() is one relaxed load and a branch, and the event is not
// built:
//
//     events::emit<SqlStatement>([&] { return SqlStatement{.text = query, .system = "sqlite"}; });
//
//     struct Audit {                                            // lives as long as the process
//       void on_statement(SqlStatement& event);
//     };
//     events::subscribe<SqlStatement, &Audit::on_statement>(&audit, Rank::kSecurity);
//
// Listeners are called on the emitting thread in order of Rank, later ones after earlier ones of
// the same rank, inside a firewall: one that throws is skipped and reported once; one that throws
// ten times is heard no more. Answers travel in the event: a listener that answers writes a field.
// Views and handles in an event are valid during the call.
//
// Any thread; emitting takes no lock. What a listener is called after unsubscribe() returned were
// calls that had begun. Channels survive forks as they are.

#pragma once

#include <atomic>
#include <cstdint>

namespace dd::events {

enum class Rank : std::uint8_t { kTracing, kSecurity, kDebugging, kOther };

struct Listener {
  void (*call)(void* self, void* event) = nullptr;
  void* self = nullptr;
  Rank rank = Rank::kOther;
};

// What the channels of all types share.
class ChannelBase {
 public:
  constexpr ChannelBase() = default;
  ChannelBase(const ChannelBase&) = delete;
  ChannelBase& operator=(const ChannelBase&) = delete;

  bool heard() const { return heard_.load(std::memory_order_relaxed) != 0; }
  // Again: its calls go on where they stood. False: there were kMaxListeners others already.
  bool add(const Listener& listener);
  void remove(const Listener& listener);
  void deliver(void* event) noexcept;

  static constexpr int kMaxListeners = 8, kMaxFaults = 10;

 private:
  // Belongs to one listener for ever, so who delivers needs no lock.
  struct Place {
    Listener listener;
    std::atomic<bool> on{false};
    std::atomic<int> faults{0};
  };
  Place* find(const Listener& listener, int used);
  void set(Place& place, bool on);
  void note_fault(Place& place) noexcept;

  std::atomic<int> heard_{0};  // listeners that are on
  std::atomic<int> used_{0};   // places, each written before it is counted
  Place places_[kMaxListeners];
};

namespace detail {
template <class Event>
inline constinit ChannelBase channel;

template <class Event, auto Method, class Self>
constexpr Listener listener_of(Self* self, Rank rank) {
  return {
      [](void* to, void* event) { (static_cast<Self*>(to)->*Method)(*static_cast<Event*>(event)); },
      self, rank};
}
}  // namespace detail

template <class Event>
ChannelBase& channel() {
  return detail::channel<Event>;
}

template <class Event, auto Method, class Self>
bool subscribe(Self* self, Rank rank = Rank::kOther) {
  return channel<Event>().add(detail::listener_of<Event, Method>(self, rank));
}

template <class Event, auto Method, class Self>
void unsubscribe(Self* self) {
  channel<Event>().remove(detail::listener_of<Event, Method>(self, Rank::kOther));
}

// For who must do something first to be able to build the event.
template <class Event>
inline bool heard() {
  return detail::channel<Event>.heard();
}

template <class Event, class Build>
inline void emit(Build&& build) {
  if (!detail::channel<Event>.heard()) [[likely]]
    return;
  Event event = build();
  detail::channel<Event>.deliver(&event);
}

}  // namespace dd::events
