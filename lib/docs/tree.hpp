// A program's commands and flags as plain values, read from its CLI::App: help, man pages and
// completions all come from this one tree. How a program says things to it through CLI11:
//   description  "one line"  or  "one line\n\nparagraphs"
//                (a leading "PROGRAM: " is left out)
//   footer       examples, one a line: "COMMAND<TAB>what it does"; an "EXAMPLES" line and
//   indentation are left out type_name    of an option: its placeholder ("DURATION"), or its
//   choices ("table|json"); of a positional: what kind
//                of word it is, for completion ("ENDPOINT")
//   group("")    hidden
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace edge::docs {

struct Example {
  std::string command;
  std::string meaning;
};

struct Flag {
  std::vector<std::string> names;  // with their dashes, short ones first
  std::string value;               // placeholder or choices; empty: a switch
  std::string prose;
  std::string default_text;
  std::string variable;              // of the environment
  std::vector<std::string> choices;  // of value, when it has any
};

struct Argument {
  std::string name;
  std::string kind;
  std::string prose;
  bool required = false;
  bool repeated = false;
};

struct Command {
  std::string name;
  std::string path;  // "edgectl endpoint create"
  std::vector<std::string> aliases;
  std::string group;
  std::string summary;
  std::string detail;
  std::vector<Example> examples;
  std::vector<Argument> arguments;
  std::vector<Flag> flags;  // its own, without those of its parents
  std::vector<Command> commands;
};

// Without what is hidden, in the order of definition.
Command read_tree(const CLI::App& app);

// "edgectl endpoint create NAME [flags]"
std::string usage_of(const Command& command);
// "-o, --output table|json"
std::string spelling_of(const Flag& flag);

}  // namespace edge::docs
