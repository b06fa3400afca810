#include "contrib/support/mongo_command.h"

#include <cstdint>
#include <cstring>

#include "contrib/support/integration.h"
#include "contrib/support/sql_comment.h"
#include "core/py/error.h"
#include "core/trace/tags.h"

namespace dd::contrib {
namespace {

Name kColl("coll"), kComment("comment"), kCommentOf("$comment"), kCopy("copy"), kDbOf("db"),
    kDeletes("deletes"), kDocuments("documents"), kDumps("dumps"), kOperationName("name"),
    kOrdered("ordered"), kQ("q"), kQueryOf("$query"), kSpec("spec"), kUpdates("updates");

// Names stay, values become "?"; in lists only what has names is told, and of the lists that a
// value is looked for in, nothing.
Ref normalized(Handle value, bool in_list) {
  if (value.is_dict()) {
    Ref all = py::dict();
    value.each_pair([&](Handle key, Handle part) {
      const std::string name = key.display();
      const bool looked_in = name == "$in" || name == "$nin";
      (void)all.set_item(py::str(name), looked_in ? py::str("?") : normalized(part, false));
    });
    return all;
  }
  if (value.is_list()) {
    Ref all = py::list();
    value.each([&](Handle part) { (void)all.append(normalized(part, true)); });
    return all;
  }
  return in_list ? py::dict() : py::str("?");
}

std::string json_of(Handle value) {
  const Ref told = py::imported("json").call_method(kDumps, value);
  py::swallow_error();
  return told.text();
}

// What was there, and the words; empty when what was there cannot take them.
Ref joined(Handle comment, const std::string& words) {
  if (!comment || comment.is_none()) return py::str(words);
  if (comment.is_str()) return py::str(comment.text() + "," + words);
  if (!comment.is_list()) return {};
  Ref all = py::list();
  comment.each([&](Handle part) { (void)all.append(part); });
  (void)all.append(py::str(words));
  return all;
}

Ref only_query(Handle writes) {
  return writes.size() == 1 ? writes.item(Py_ssize_t{0}).item(kQ) : Ref();
}

// The top level of a document; false when it is not well formed.
class Fields {
 public:
  explicit Fields(std::string_view bytes)
      : rest_(bytes.substr(bytes.size() < 5 ? bytes.size() : 4)) {}
  bool next() {
    if (rest_.empty() || rest_[0] == 0) return false;
    type = rest_[0];
    const std::size_t end = rest_.find('\0', 1);
    if (end == std::string_view::npos) return false;
    name = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    const std::size_t size = length();
    if (size > rest_.size()) return false;
    value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  std::string_view text() const {
    return type == kText && value.size() > 4 ? value.substr(4, value.size() - 5)
                                             : std::string_view();
  }

  static constexpr char kText = 2, kBool = 8;
  char type = 0;
  std::string_view name, value;

 private:
  std::size_t number() const {
    std::int32_t size = 0;
    if (rest_.size() >= 4) std::memcpy(&size, rest_.data(), 4);
    return size < 0 ? ~std::size_t{0} / 2 : static_cast<std::size_t>(size);
  }
  std::size_t length() const {
    switch (type) {
      case 1:
      case 9:
      case 17:
      case 18:
        return 8;
      case kText:
        return number() + 4;
      case 3:
      case 4:
        return number();
      case 5:
        return number() + 5;
      case 7:
        return 12;
      case kBool:
        return 1;
      case 10:
        return 0;
      case 16:
        return 4;
      default:
        return ~std::size_t{0};
    }
  }

  std::string_view rest_;
};

}  // namespace

MongoKnobs mongo_knobs(const Settings& from) {
  return {.own_service = from.own_service("pymongo"),
          .obfuscates = from.knob("trace_mongodb", "OBFUSCATION", true)};
}

MongoCommand mongo_command(Handle document, Handle database) {
  MongoCommand command;
  bool first = true;
  document.each_pair([&](Handle key, Handle value) {
    if (!first) return;
    first = false;
    command.name = key.text();
    command.collection = value.share();
  });
  command.database = database.text();
  command.ordered = document.item(kOrdered);
  if (command.name == "insert")
    command.documents = document.item(kDocuments).size();
  else if (command.name == "update")
    command.query = only_query(document.item(kUpdates));
  else if (command.name == "delete")
    command.query = only_query(document.item(kDeletes));
  return command;
}

MongoCommand mongo_query(Handle operation) {
  MongoCommand command;
  Ref spec = operation.attr(kSpec);
  if (!spec) return command;
  command.name = operation.attr(kOperationName).text();
  command.collection = operation.attr(kColl);
  command.database = operation.attr(kDbOf).text();
  command.query = static_cast<Ref&&>(spec);
  return command;
}

MongoCommand mongo_message(std::string_view bytes) {
  MongoCommand command;
  constexpr std::size_t kHeader = 16, kFlagsAndKind = 5;
  constexpr char kDocument = 0;
  std::int32_t opcode = 0;
  if (bytes.size() < kHeader + kFlagsAndKind) return command;
  std::memcpy(&opcode, bytes.data() + 12, 4);
  if (opcode != 2013 || bytes[kHeader + 4] != kDocument) return command;
  Fields fields(bytes.substr(kHeader + kFlagsAndKind));
  while (fields.next()) {
    if (command.name.empty()) {
      command.name = fields.name;
      command.collection = py::str(fields.text());
    } else if (fields.name == "$db") {
      command.database = fields.text();
    } else if (fields.name == "ordered" && fields.type == Fields::kBool) {
      command.ordered = py::boolean(fields.value[0] != 0);
    }
  }
  return command;
}

tracing::LiveSpan& start_mongo(py::Scope& scope, const MongoKnobs& knobs, std::string_view name,
                               bool waits, Handle keeps) {
  const Named named = settings().naming.of_client(
      {.integration = "pymongo", .fallback = "pymongo", .own = knobs.own_service});
  tracing::LiveSpan& live = start_step(scope, {.name = name,
                                               .component = "pymongo",
                                               .service = named.service,
                                               .source = named.source,
                                               .type = "mongodb",
                                               .kind = "client",
                                               .measured = true,
                                               .late_service = true,
                                               .waits = waits,
                                               .keeps = keeps});
  if (live) live.span().set_static(tags::kDbSystem, "mongodb");
  return live;
}

tracing::LiveSpan& start_mongo(py::Scope& scope, const MongoKnobs& knobs,
                               const MongoCommand& command, bool waits, Handle keeps) {
  constexpr Operation kCommand = {"pymongo.cmd", "mongodb.query"};
  tracing::LiveSpan& live =
      start_mongo(scope, knobs, settings().naming.operation(kCommand), waits, keeps);
  if (!live) return live;
  trace::Span& span = live.span();
  std::string resource = command.name + " " + command.collection.display();
  if (command.query.size() > 0) {
    const std::string shown = json_of(normalized(command.query, false));
    resource.append(" ").append(shown);
    span.set(trace::Key("mongodb.query"), knobs.obfuscates ? shown : json_of(command.query));
  }
  span.set_resource(resource);
  if (!command.database.empty()) span.set(tags::kMongoDb, command.database);
  if (command.collection.is_int() && !command.collection.is_bool())
    span.set(trace::Key("mongodb.collection"),
             static_cast<std::int64_t>(command.collection.integer()));
  else if (command.collection)
    span.set(trace::Key("mongodb.collection"), command.collection.display());
  if (command.ordered) span.set(trace::Key("mongodb.ordered"), command.ordered.display());
  if (command.documents >= 0) span.set(trace::Key("mongodb.documents"), command.documents);
  return live;
}

Ref commented_command(Handle document, const tracing::LiveSpan& live) {
  if (!comments_statements()) return {};
  const Ref comment = joined(document.item(kComment), sql_comment_words(live));
  Ref copy = comment ? document.call_method(kCopy) : Ref();
  if (copy) (void)copy.set_item(kComment, comment);
  return copy;
}

void comment_query(Handle operation, const tracing::LiveSpan& live) {
  if (!comments_statements()) return;
  const Ref spec = operation.attr(kSpec);
  const Ref comment = joined(spec.item(kCommentOf), sql_comment_words(live));
  if (!comment) return;
  Ref wrapped;
  if (spec.item(kQueryOf)) {
    wrapped = spec.call_method(kCopy);
  } else {
    wrapped = py::dict();
    (void)wrapped.set_item(kQueryOf, spec);
  }
  (void)wrapped.set_item(kCommentOf, comment);
  (void)operation.set_attr(kSpec, wrapped);
}

void tag_mongo_address(trace::Span& span, Handle address) {
  const Ref host = address.item(Py_ssize_t{0}), port = address.item(Py_ssize_t{1});
  if (host.is_str()) {
    span.set(tags::kOutHost, host.utf8());
    span.set(tags::kServerAddress, host.utf8());
  }
  if (port.is_int()) span.set(tags::kDestinationPort, static_cast<std::int64_t>(port.integer()));
}

}  // namespace dd::contrib
