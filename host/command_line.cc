#include "host/command_line.h"

namespace dd::host {
namespace {

struct OwnOption {
  std::string_view name;
  bool Options::*flag;
};
constexpr OwnOption kOwnOptions[] = {
    {"--dd-local", &Options::local},     {"--dd-info", &Options::info},
    {"--dd-version", &Options::version}, {"--dd-help", &Options::help},
    {"--dd-venv", &Options::venv},
};

enum class Kind { kOptions, kTakesNext, kEnd };

// One cluster of short options, as CPython's getopt reads it. `rest` is what is left of the cluster
// after an option with a value.
Kind read_cluster(std::string_view letters, char& last, std::string_view& rest) {
  for (std::size_t i = 0; i < letters.size(); ++i) {
    last = letters[i];
    rest = letters.substr(i + 1);
    switch (last) {
      case 'c':
      case 'm':
        return Kind::kEnd;
      case 'W':
      case 'X':
        return rest.empty() ? Kind::kTakesNext : Kind::kOptions;
      default:
        break;
    }
  }
  return Kind::kOptions;
}

}  // namespace

bool parse_own_option(std::string_view argument, Options& options) {
  for (const OwnOption& option : kOwnOptions) {
    if (argument != option.name) continue;
    options.*option.flag = true;
    return true;
  }
  return false;
}

Result<CommandLine> parse_command_line(int argc, char** argv) {
  CommandLine line;
  line.arguments.reserve(static_cast<std::size_t>(argc) + 1);
  int at = 0;
  if (argc > 0) line.arguments.push_back(argv[at++]);
  bool options = true;
  while (options && at < argc) {
    const std::string_view argument = argv[at];
    if (argument.size() < 2 || argument[0] != '-' || argument == "--") break;
    if (line.options.info && argument == "--json") {
      line.options.json = true;
      ++at;
      continue;
    }
    if (argument.starts_with("--dd-")) {
      if (!parse_own_option(argument, line.options))
        return Status::error("unknown option " + std::string(argument) + " (try --dd-help)");
      ++at;
      continue;
    }
    line.arguments.push_back(argv[at++]);
    bool takes_next = argument == "--check-hash-based-pycs";
    if (argument[1] != '-') {
      char last = 0;
      std::string_view rest;
      switch (read_cluster(argument.substr(1), last, rest)) {
        case Kind::kOptions:
          break;
        case Kind::kTakesNext:
          takes_next = true;
          break;
        case Kind::kEnd:
          options = false;
          if (last == 'm') line.module = !rest.empty() ? rest : at < argc ? argv[at] : "";
          break;
      }
    }
    if (takes_next && at < argc) line.arguments.push_back(argv[at++]);
  }
  while (at < argc) line.arguments.push_back(argv[at++]);
  line.arguments.push_back(nullptr);
  return line;
}

std::string_view help_text() {
  return "usage: ddpython [--dd-option] ... [python's own options, script and arguments]\n"
         "       ddtrace-run [-d] [-i] [-p] [-v] [-nc] command [argument] ...\n"
         "\n"
         "A Python with a tracer inside. Everything python accepts, it accepts (see -h).\n"
         "\n"
         "  --dd-local    print finished traces on standard error, send nothing\n"
         "  --dd-info     print the settings in force, what is on and why, and what is wrong; "
         "with\n"
         "                --json for programs. The status is 1 after warnings, 2 without an agent\n"
         "  --dd-venv     with -m venv: the python of the new environment is ddpython\n"
         "  --dd-version  print versions\n"
         "  --dd-help     print this\n"
         "\n"
         "DD_TRACE_PYTHON_CHILDREN says which child processes are traced: direct (pythons that "
         "the\n"
         "program executes itself), all (also through shells and other programs; the default of\n"
         "ddtrace-run), none.\n";
}

}  // namespace dd::host
