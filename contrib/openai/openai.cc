// openai: one span for each call of the API, until its answer or stream is complete.

#include "contrib/openai/operations.h"
#include "contrib/support/integration.h"
#include "contrib/support/llm_client.h"
#include "core/base/ascii.h"

namespace dd::contrib::openai {
namespace {

Name kBaseUrl("base_url"), kClient("_client"), kContent("content"), kData("data"),
    kExtraHeaders("extra_headers"), kRawHeader("X-Stainless-Raw-Response"), kFile("file"),
    kFileId("file_id"), kHeaders("headers"), kModel("model"), kName("name"), kParse("parse"),
    kResponse("response"), kStream("stream"), kUsage("usage");

constinit const std::string* own_service = nullptr;
void prepare(const Settings& from) { own_service = new std::string(from.own_service("openai")); }

void tag_request(trace::Span& span, const Call& call, LlmRequest& request, Asks asks) {
  const auto model = [&](std::string_view name) {
    request.model = name;
    if (!name.empty()) span.set(trace::Key("openai.request.model"), name);
  };
  switch (asks) {
    case Asks::kModelName:
      return model(call.arg(kModel).text());
    case Asks::kImageModel: {
      const std::string name = call.arg(kModel).text();
      return model(name.empty() ? "dall-e" : name);
    }
    case Asks::kPathModel:
      return model(call.arg(0, kModel).text());
    case Asks::kPathFile:
      return span.set(trace::Key("openai.request.file_id"), call.arg(0, kFileId).text());
    case Asks::kUpload: {
      const std::string name = call.arg(kFile).attr(kName).text();
      return span.set(trace::Key("openai.request.filename"),
                      std::string_view(name).substr(name.rfind('/') + 1));
    }
    case Asks::kNothing:
      return;
  }
}

// A stream that was asked for as raw is read by the caller, byte by byte. The responses' one is not
// among them: its span is over with the headers.
bool is_raw_stream(const Call& call, const Operation& operation) {
  return (&operation == &kChat || &operation == &kCompletion) && call.arg(kStream).truth() &&
         call.arg(kExtraHeaders).item(kRawHeader).text() == "true";
}

template <bool waits>
void enter(Call& call, Scope& scope) {
  const Operation& operation = *static_cast<const Operation*>(call.data());
  if (is_raw_stream(call, operation)) return;
  LlmRequest* request = start_llm(scope, {.component = "openai",
                                          .name = "openai.request",
                                          .resource = operation.resource,
                                          .own_service = *own_service,
                                          .kind = operation.kind,
                                          .waits = waits});
  if (!request) return;
  request->operation = &operation;
  trace::Span& span = request->span.span();
  const std::string url = base::lowered(call.self().attr(kClient).attr(kBaseUrl).display());
  const bool azure = url.find("azure") != url.npos, deepseek = url.find("deepseek") != url.npos;
  request->provider = azure                            ? "azure_openai"
                      : deepseek                       ? "deepseek"
                      : url.find("openai") != url.npos ? "openai"
                                                       : "unknown";
  span.set_static(trace::Key("openai.request.endpoint"), operation.endpoint);
  span.set_static(trace::Key("openai.request.method"), operation.method);
  span.set_static(trace::Key("openai.request.provider"), azure      ? "AzureOpenAI"
                                                         : deepseek ? "Deepseek"
                                                                    : "OpenAI");
  tag_request(span, call, *request, operation.asks);
}

// Of an answer, or of one piece of it: its last event holds the whole answer.
void hear(LlmRequest& request, Handle piece) {
  const Ref inner = piece.attr(kResponse);
  const Handle answer = inner && inner.attr(kModel).is_str() ? Handle(inner) : piece;
  const std::string model = answer.attr(kModel).text();
  if (!model.empty()) {
    request.model = model;
    request.span.span().set(trace::Key("openai.response.model"), model);
  }
  const Ref usage = answer.attr(kUsage);
  if (usage && !usage.is_none()) request.tokens = llm_tokens(usage);
}

void hear_answer(LlmRequest& request, const Operation& operation, Handle answer) {
  trace::Span& span = request.span.span();
  if (operation.says == Says::kAnswer) hear(request, answer);
  if (operation.says == Says::kCount) {
    const Py_ssize_t size = answer.attr(kData).size();
    if (size >= 0) span.set(trace::Key("openai.response.count"), std::int64_t{size});
  }
  if (operation.says == Says::kBytes) {
    const Ref content = answer.is_str() ? answer.share() : answer.attr(kContent);
    span.set(trace::Key("openai.response.total_bytes"), std::int64_t{content.size()});
  }
  if (operation.fields == nullptr) return;
  for (const char* const* field = operation.fields; *field; ++field) {
    const Ref value = answer.attr(*field);
    if (value) span.set(trace::Key(std::string("openai.response.") + *field), value.display());
  }
}

void hear_piece(Handle piece, Scope& scope) {
  if (LlmRequest* request = llm_of(scope)) hear(*request, piece);
}
void end_stream(Outcome& outcome, Scope& scope) { finish_llm(outcome, scope); }
constexpr py::Watch kPieces = {.item = hear_piece, .end = end_stream};

void leave_call(Outcome& outcome, Scope& scope) {
  LlmRequest* request = llm_of(scope);
  if (!request || !outcome.result) return finish_llm(outcome, scope);
  if (follow_llm(outcome, scope, kPieces)) return;
  const std::string_view type = outcome.result.type_name();
  const Operation& operation = *static_cast<const Operation*>(request->operation);
  // What was asked for as raw has been read and is parsed once; its first name is now another's.
  const bool raw = type == "LegacyAPIResponse" ||
                   (type == "APIResponse" && !py::imported("openai._legacy_response"));
  const Ref parsed = raw ? outcome.result.call_method(kParse) : outcome.result.share();
  hear_answer(*request, operation, parsed);
  finish_llm(outcome, scope);
}

// The headers of the answer, on what is active: the call's span, or that of who reads it raw.
void enter_process(Call& call, Scope&) {
  trace::Span* span = const_cast<trace::Span*>(tracing::active_span());
  if (!span || span->sealed()) return;
  const Ref headers = call.arg(kResponse).attr(kHeaders);
  struct Limit {
    const char *header, *tag;
  };
  static constexpr Limit kLimits[] = {
      {"x-ratelimit-limit-requests", "openai.organization.ratelimit.requests.limit"},
      {"x-ratelimit-remaining-requests", "openai.organization.ratelimit.requests.remaining"},
      {"x-ratelimit-limit-tokens", "openai.organization.ratelimit.tokens.limit"},
      {"x-ratelimit-remaining-tokens", "openai.organization.ratelimit.tokens.remaining"},
  };
  if (const std::string name = headers.item("openai-organization").text(); !name.empty())
    span->set(trace::Key("openai.organization.name"), name);
  for (const Limit& limit : kLimits) {
    const Ref text = headers.item(limit.header);
    const Ref number =
        Ref::steal(text.is_str() ? PyLong_FromUnicodeObject(text.ptr(), 10) : nullptr);
    if (number) span->set(trace::Key(limit.tag), static_cast<std::int64_t>(number.integer()));
    py::swallow_error();
  }
}

constexpr py::Target processed(const char* where) {
  return {.where = where, .enter = enter_process, .optional = true};
}

constexpr const char* kModules[] = {"openai"};
constexpr py::Target kTargets[] = {
    processed("openai._base_client:SyncAPIClient._process_response"),
    processed("openai._base_client:AsyncAPIClient._process_response"),
    processed("openai._base_client:BaseClient._process_response"),
#define DD_OPENAI(module, owner, method, operation)                                              \
  on_llm("openai.resources." module ":" owner "." method, enter<false>, leave_call, &operation), \
      on_llm_coroutine("openai.resources." module ":Async" owner "." method, enter<true>,        \
                       leave_call, &operation)
    DD_OPENAI("completions", "Completions", "create", kCompletion),
    DD_OPENAI("chat", "Completions", "create", kChat),
    DD_OPENAI("chat", "Completions", "parse", kParseChat),
    DD_OPENAI("responses", "Responses", "create", kRespond),
    DD_OPENAI("responses", "Responses", "parse", kParseResponse),
    DD_OPENAI("embeddings", "Embeddings", "create", kEmbed),
    DD_OPENAI("moderations", "Moderations", "create", kModerate),
    DD_OPENAI("images", "Images", "generate", kImage),
    DD_OPENAI("images", "Images", "edit", kImageEdit),
    DD_OPENAI("images", "Images", "create_variation", kImageVary),
    DD_OPENAI("audio", "Transcriptions", "create", kTranscribe),
    DD_OPENAI("audio", "Translations", "create", kTranslate),
    DD_OPENAI("models", "Models", "list", kModels),
    DD_OPENAI("models", "Models", "retrieve", kModelGet),
    DD_OPENAI("models", "Models", "delete", kModelDelete),
    DD_OPENAI("files", "Files", "list", kFiles),
    DD_OPENAI("files", "Files", "create", kFileCreate),
    DD_OPENAI("files", "Files", "retrieve", kFileGet),
    DD_OPENAI("files", "Files", "delete", kFileDelete),
    DD_OPENAI("files", "Files", "retrieve_content", kFileContent),
#undef DD_OPENAI
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "openai",
                                     .package = "openai",
                                     .versions = ">=1.0",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::openai
