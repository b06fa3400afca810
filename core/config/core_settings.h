// The settings of the tracing core. Others are declared where they are used.

#pragma once

#include "core/config/setting.h"

namespace dd::config {

extern TextSetting service, env, version, tags, service_mapping, patch_modules, header_tags;
extern Setting<bool> tracing_enabled, debug, logs_injection, report_hostname;
extern Setting<bool> wide_trace_ids, partial_flush, remove_integration_services;
extern Setting<bool> peer_service_defaults, process_tags_enabled;
extern Setting<std::int64_t> partial_flush_min_spans, rate_limit, datadog_tags_max_length;
extern Setting<std::int64_t> traceback_max_frames;
extern Setting<bool> otel_enabled, otel_semantics;
extern TextSetting schema, peer_service_mapping, http_error_statuses, query_obfuscation;
extern TextSetting client_ip_header;
extern Setting<bool> client_ip_enabled;
extern TextSetting sampling_rules, span_sampling_rules, span_sampling_rules_file;
extern TextSetting extract_styles, inject_styles, extract_behavior, baggage_tag_keys;
extern Setting<bool> extract_first, legacy_baggage;
extern TextSetting agent_url, agent_host, agent_port, api_version;
extern Setting<double> agent_timeout_s, writer_interval_s;
extern Setting<std::int64_t> writer_buffer_bytes, writer_payload_bytes;
extern Setting<bool> git_metadata, native_span_events, apm_tracing_enabled;
extern Setting<bool> stats_computation;
extern TextSetting stats_additional_tags;
extern Setting<std::int64_t> stats_limit, stats_resource_limit, stats_endpoint_limit;
extern Setting<std::int64_t> stats_peer_limit, stats_additional_limit;
extern Setting<bool> also_otlp;
extern Setting<bool> survive_kill, report_unfinished;
extern TextSetting also_file;
extern TextSetting spill_directory;
extern Setting<std::int64_t> spill_bytes;
extern TextSetting git_repository, git_commit, main_package;

std::span<SettingBase* const> core_settings();

// A product of this name is switched on: DD_<NAME>_ENABLED.
bool product_wanted(std::string_view name);
// APM tracing is off but a product that needs traces is on: one trace a minute, and what the
// product marks.
bool apm_opt_out();

}  // namespace dd::config
