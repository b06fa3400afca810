// langchain: one span for each call of a model, sequence, function, tool, embedding or store.

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>

#include "contrib/support/integration.h"
#include "contrib/support/llm_client.h"
#include "contrib/support/traced_call.h"

namespace dd::contrib::langchain {
namespace {

Name kClassName("__name__"), kDict("__dict__"), kEmbedDocuments("embed_documents"),
    kEmbedQuery("embed_query"), kLlmType("_llm_type"), kName("name"),
    kRunnableLambda("RunnableLambda"), kRunnables("langchain_core.runnables.base"),
    kSearch("similarity_search");
Name kModelNames[] = {Name("model"), Name("model_name"), Name("model_id"), Name("model_key"),
                      Name("repo_id")};

constinit const std::string* own_service = nullptr;
void prepare(const Settings& from) { own_service = new std::string(from.own_service("langchain")); }

struct Work {
  const char* kind;
  std::string_view method{};  // of a function
  bool streams = false;
};

// "openai-chat" is openai's.
std::string provider_of(Handle model) {
  std::string out;
  const Ref type = model.attr(kLlmType);
  for (std::string_view rest = type.utf8(); !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('-'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (part == "chat") continue;
    if (!out.empty()) out += '-';
    out += part;
  }
  return out;
}

std::string model_of(Handle object) {
  for (const Name& name : kModelNames)
    if (std::string found = object.attr(name).text(); !found.empty()) return found;
  return {};
}

std::string function_name(Handle function, std::string_view method) {
  const Ref name = function.attr(kName);
  if (name.utf8().empty()) return std::string("RunnableLambda.").append(method);
  return name.text().append(method.ends_with("batch") ? "_batch" : "");
}

LlmRequest* start(Call& call, Scope& scope, std::string_view resource, bool waits) {
  const Work& work = *static_cast<const Work*>(call.data());
  LlmRequest* request = start_llm(scope, {.component = "langchain",
                                          .name = "langchain.request",
                                          .resource = resource,
                                          .own_service = *own_service,
                                          .kind = work.kind,
                                          .waits = waits,
                                          .tells_component = false,
                                          .late_service = true});
  if (request && work.streams)
    request->span.span().set_static(trace::Key("langchain.request.stream"), "True");
  return request;
}

void tell_model(LlmRequest& request, std::string&& provider, Handle model) {
  trace::Span& span = request.span.span();
  request.provider = std::move(provider);
  request.model = model_of(model);
  span.set(trace::Key("langchain.request.provider"), request.provider);
  if (!request.model.empty()) span.set(trace::Key("langchain.request.model"), request.model);
}

template <bool waits>
void enter_model(Call& call, Scope& scope) {
  LlmRequest* request = start(call, scope, class_path(call.self().type()), waits);
  if (request) tell_model(*request, provider_of(call.self()), call.self());
}

template <bool waits>
void enter_chain(Call& call, Scope& scope) {
  start(call, scope, class_path(call.self().type()), waits);
}

// Its batches are those of every runnable.
template <bool waits>
void enter_function(Call& call, Scope& scope) {
  const Work& work = *static_cast<const Work*>(call.data());
  if (call.self().instance_of(py::imported(kRunnables).attr(kRunnableLambda)))
    start(call, scope, function_name(call.self(), work.method), waits);
}

template <bool waits>
void enter_tool(Call& call, Scope& scope) {
  start(call, scope, call.self().attr(kName).text(), waits);
}

constexpr py::Watch kPieces = {.end = end_llm};
void leave(Outcome& outcome, Scope& scope) {
  if (!llm_of(scope) || !outcome.result || !follow_llm(outcome, scope, kPieces))
    finish_llm(outcome, scope);
}

// Embeddings and stores of vectors are classes of others: their methods, as soon as there is a
// class.
void enter_store(Call& call, Scope& scope) {
  const Handle self = call.arg(0);
  LlmRequest* request = start(call, scope, class_path(self.type()), false);
  if (!request) return;
  std::string provider = self.type().attr(kClassName).text();
  for (char& c : provider) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  tell_model(*request, std::move(provider), self);
}
constexpr Work kEmbeds{.kind = "embedding"}, kFinds{.kind = "retrieval"};
constexpr py::Target kEmbedding = on_llm("langchain:<embedding>", enter_store, end_llm, &kEmbeds),
                     kStore = on_llm("langchain:<store>", enter_store, end_llm, &kFinds);
constinit py::Patch* classes = nullptr;

void adopt(Handle made, const Name& method, const py::Target& target) {
  if (!classes) classes = new py::Patch;
  const Ref own = made.attr(kDict).item(method);
  if (own) classes->adopt(own, target);
}
void enter_embeddings_class(Call& call, Scope&) {
  adopt(call.self(), kEmbedQuery, kEmbedding);
  adopt(call.self(), kEmbedDocuments, kEmbedding);
}
void enter_store_class(Call& call, Scope&) { adopt(call.self(), kSearch, kStore); }

constexpr const char* kModules[] = {"langchain_core"};
constexpr Work kAnswers{.kind = "llm"}, kTells{.kind = "llm", .streams = true},
    kChained{.kind = "workflow"}, kFlows{.kind = "workflow", .streams = true},
    kInvoked{"workflow", "invoke"}, kAinvoked{"workflow", "ainvoke"}, kBatched{"workflow", "batch"},
    kAbatched{"workflow", "abatch"}, kUsed{.kind = "tool"};
constexpr py::Target kTargets[] = {
#define DD_MODEL(owner)                                                                         \
  on_llm("langchain_core.language_models." owner ".generate", enter_model<false>, leave,        \
         &kAnswers),                                                                            \
      on_llm_coroutine("langchain_core.language_models." owner ".agenerate", enter_model<true>, \
                       leave, &kAnswers),                                                       \
      on_llm("langchain_core.language_models." owner ".stream", enter_model<false>, leave,      \
             &kTells),                                                                          \
      on_llm("langchain_core.language_models." owner ".astream", enter_model<false>, leave,     \
             &kTells)
    DD_MODEL("chat_models:BaseChatModel"),
    DD_MODEL("llms:BaseLLM"),
#undef DD_MODEL
#define DD_SEQUENCE(method) "langchain_core.runnables.base:RunnableSequence." method
    on_llm(DD_SEQUENCE("invoke"), enter_chain<false>, leave, &kChained),
    on_llm_coroutine(DD_SEQUENCE("ainvoke"), enter_chain<true>, leave, &kChained),
    on_llm(DD_SEQUENCE("batch"), enter_chain<false>, leave, &kChained),
    on_llm_coroutine(DD_SEQUENCE("abatch"), enter_chain<true>, leave, &kChained),
    on_llm(DD_SEQUENCE("stream"), enter_chain<false>, leave, &kFlows),
    on_llm(DD_SEQUENCE("astream"), enter_chain<false>, leave, &kFlows),
#undef DD_SEQUENCE
    on_llm("langchain_core.runnables.base:RunnableLambda.invoke", enter_function<false>, leave,
           &kInvoked),
    on_llm_coroutine("langchain_core.runnables.base:RunnableLambda.ainvoke", enter_function<true>,
                     leave, &kAinvoked),
    on_llm("langchain_core.runnables.base:Runnable.batch", enter_function<false>, leave, &kBatched),
    on_llm_coroutine("langchain_core.runnables.base:Runnable.abatch", enter_function<true>, leave,
                     &kAbatched),
    on_llm("langchain_core.tools:BaseTool.invoke", enter_tool<false>, leave, &kUsed),
    on_llm_coroutine("langchain_core.tools:BaseTool.ainvoke", enter_tool<true>, leave, &kUsed),
    {.where = "langchain_core.embeddings.embeddings:Embeddings.__init_subclass__",
     .enter = enter_embeddings_class,
     .optional = true},
    {.where = "langchain_core.vectorstores.base:VectorStore.__init_subclass__",
     .enter = enter_store_class,
     .optional = true},
    {.where = "langchain_core.vectorstores:VectorStore.__init_subclass__",
     .enter = enter_store_class,
     .versions = "<0.3",
     .optional = true},
};

}  // namespace

extern const Integration integration;
constexpr Integration integration = {.name = "langchain",
                                     .package = "langchain-core",
                                     .versions = ">=0.1",
                                     .modules = kModules,
                                     .targets = kTargets,
                                     .prepare = prepare};

}  // namespace dd::contrib::langchain
