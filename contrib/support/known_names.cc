#include "contrib/support/known_names.h"

#include <string>

#include "contrib/rules/settings.h"
#include "core/trace/names.h"

namespace dd::contrib {
namespace {

trace::Text kept(std::string_view text) {
  const trace::Text known = trace::numbered(text);
  return known.present() ? known : trace::Text(*new std::string(text));
}

}  // namespace

KnownNames known_client(const Settings& from, const Operation& names,
                        const NameQuestion& question) {
  const Named named = from.naming.of_client(question);
  return {.name = kept(from.naming.operation(names)),
          .service = kept(named.service),
          .source = kept(named.source),
          .before = named.before.empty() ? trace::Text() : kept(named.before)};
}

}  // namespace dd::contrib
