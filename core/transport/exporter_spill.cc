// What the exporter does besides when it is asked to: payloads on disk, copies that outlive the
// process, health metrics.

#include <string>
#include <utility>

#include "core/transport/exporter.h"

namespace dd::transport {

bool Exporter::spill_payload() {
  if (!options_.spill) return false;
  if (spilled_.file.empty()) {
    if (!options_.spill->keep({.target = payload_path_,
                               .content_type = std::string(encoder_->content_type()),
                               .traces = payload_volume_.traces,
                               .spans = payload_volume_.spans},
                              payload_.view()))
      return false;
    spilled_volume_.traces += payload_volume_.traces;
    spilled_volume_.spans += payload_volume_.spans;
  }
  spilled_ = {};
  payload_volume_ = {};
  payload_.truncate(0);
  return true;
}

bool Exporter::spill_encoded() {
  if (!options_.spill || !encoder_->chunks()) return false;
  const Volume volume{encoder_->chunks(), encoder_->spans()};
  const std::string path(encoder_->path());
  encoding::Buffer body;
  encoder_->take(body);
  if (options_.estate) options_.estate->clear_open();
  if (options_.spill->keep({.target = path,
                            .content_type = std::string(encoder_->content_type()),
                            .traces = volume.traces,
                            .spans = volume.spans},
                           body.view())) {
    spilled_volume_.traces += volume.traces;
    spilled_volume_.spans += volume.spans;
  } else {
    dropped(Drop::kBufferFull).add(volume.traces, volume.spans);
  }
  return true;
}

// The payload is no longer to be kept on disk, if it was.
void Exporter::forget_spilled() {
  if (spilled_.file.empty()) return;
  options_.spill->remove(spilled_);
  if (!spilled_.ours) payload_volume_ = {};  // another process counted them
  spilled_volume_.traces -= payload_volume_.traces;
  spilled_volume_.spans -= payload_volume_.spans;
  spilled_ = {};
}

// Once the agent answers, what is on disk goes; until then one of it is tried now and then.
void Exporter::take_spilled(const Turn& turn) {
  constexpr std::int64_t kProbeNs = 5'000'000'000;
  if (turn.stopping || turn.now_ns < next_probe_ns_) return;
  if (!options_.spill->waiting() || !options_.spill->read(spilled_, payload_)) return;
  next_probe_ns_ = turn.now_ns + kProbeNs;
  payload_path_ = spilled_.target;
  payload_volume_ = {spilled_.traces, spilled_.spans};
  compressed_.clear();
  if (options_.compress) (void)options_.compress(payload_.view(), compressed_);
}

// Deliveries are encoded kLookNs after the first of them came; as long as some came since the last
// look there is another, so that a busy program wakes nobody. The first of a process at once.
bool Exporter::estate_is_due(std::int64_t now) {
  const bool waiting = queued_bytes_.load() != 0;
  if (look_ns_ != 0 && now < look_ns_) return false;
  const bool due = waiting && (look_ns_ != 0 || !options_.estate->begun());
  look_ns_ = waiting ? now + Estate::kLookNs : 0;
  return due;
}

void Exporter::write_estate() {
  options_.estate->write(*encoder_, [this] {
    Headers changing = {{"Content-Type", std::string(encoder_->content_type())}};
    if (options_.add_headers) options_.add_headers(changing);
    std::string text = std::string(encoder_->path()) + "\n";
    for (const Headers* headers : {&options_.headers, static_cast<const Headers*>(&changing)})
      for (const auto& [name, value] : *headers)
        if (value.find_first_of("\r\n") == value.npos) text += name + ": " + value + "\n";
    return text;
  });
}

// Requests that failed on the way are told with the last.
void Exporter::tell_health(Courier::End end) {
  Health* const health = options_.health;
  if (!health) return;
  const std::uint64_t attempts = courier_.attempts_in_all();
  health->add("http.requests", attempts - std::exchange(told_attempts_, attempts));
  if (end != Courier::End::kTaken) {
    const int status = courier_.status();
    health->add("http.errors", 1,
                status ? "type:" + std::to_string(status) : std::string("type:network"));
  }
  const char* const what = end == Courier::End::kTaken ? "http.sent." : "http.dropped.";
  health->add(std::string(what) + "bytes", payload_.size());
  health->add(std::string(what) + "traces", payload_volume_.traces);
  const std::uint64_t overflow = dropped(Drop::kQueueFull).read().traces;
  if (overflow > told_overflow_)
    health->add("buffer.dropped.traces", overflow - std::exchange(told_overflow_, overflow),
                "reason:full");
  health->send();
}

}  // namespace dd::transport
