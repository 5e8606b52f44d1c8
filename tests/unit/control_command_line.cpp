// How edgectl reads its command line, and what it says to a wrong one.
#include <doctest/doctest.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fstream>

#include "control_edgectl.hpp"
#include "control_fake_edged.hpp"
#include "docs/help.hpp"
#include "docs/tree.hpp"
#include "edgectl/command_tree.hpp"
#include "edgectl/connect_target.hpp"
#include "edgectl/generated_docs.hpp"

using edge::docs::Command;
using edgectl_test::Edgectl;
using edgectl_test::FakeEdged;

namespace {

void for_each_command(const Command& command, const std::function<void(const Command&)>& visit) {
  visit(command);
  for (const auto& child : command.commands) for_each_command(child, visit);
}

std::string with_roff_dashes(std::string text) {
  for (std::size_t at = 0; (at = text.find('-', at)) != std::string::npos; at += 2)
    text.insert(at, "\\");
  return text;
}

}  // namespace

TEST_CASE("a wrong command line exits with 2 and says what was meant") {
  struct Row {
    std::vector<std::string> arguments;
    const char* message;
  };
  const Row rows[] = {
      {{"endpiont", "ls"}, "unknown command 'endpiont'; did you mean 'endpoint'?"},
      {{"endpoint", "lst"}, "unknown command 'lst'; did you mean 'ls'?"},
      {{"xyzzy"}, "unknown command 'xyzzy'\n"},
      {{"ls", "--otput", "json"}, "unknown flag '--otput'; did you mean '--output'?"},
      {{"ls", "-o", "yml"}, "'yml' is none of table|wide|json|yaml|name|jsonpath=EXPR"},
      {{"status", "extra"}, "'extra' is one word too many"},
      {{"endpoint", "show"}, "NAME is required"},
      {{"connect", "shop", "uname"}, "edgectl connect NAME -- uname"},
      {{"connect", "shop", "-t", "-T"}, "-t and -T exclude each other"},
      {{"connect", "@shop"}, "'' is no user name"},
      {{"connect", "shop", "--wait", "10"}, "--wait '10' is no duration"},
      {{"ls", "--timeout", "0s"}, "--timeout '0s' is no duration"},
      {{"help", "exit-code"}, "did you mean 'exit-codes'?"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.message);
    const auto result = Edgectl().run(row.arguments);
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    CAPTURE(result.err);
    CHECK(result.err.find(row.message) != std::string::npos);
  }
}

TEST_CASE("any failure of ours is 255 when there is a far command") {
  CHECK(Edgectl().run({"connect", "BAD", "--", "true"}).status == 255);
  CHECK(Edgectl().run({"connect", "--", "true"}).status == 255);
  CHECK(Edgectl().run({"connect", "shop", "--wrong", "--", "true"}).status == 255);
  CHECK(Edgectl().run({"connect", "BAD"}).status == 2);
}

TEST_CASE("a far command is kept word for word") {
  const auto split = edge::edgectl::split_far_command(
      {"-q", "connect", "shop", "--", "sh", "-c", "[a,b]", "", "--", "-o"});
  CHECK(split.ours == std::vector<std::string>{"-q", "connect", "shop"});
  CHECK(split.far_command == std::vector<std::string>{"sh", "-c", "[a,b]", "", "--", "-o"});
  CHECK(edge::edgectl::split_far_command({"endpoint", "show", "--", "a"}).far_command.empty());
  CHECK(edge::edgectl::split_far_command({"connect", "a"}).far_command.empty());
  CHECK(edge::edgectl::split_far_command({"exec", "a", "--", "ls", "--all"}).far_command ==
        std::vector<std::string>{"ls", "--all"});
}

TEST_CASE("USER@NAME is parted at the last @") {
  struct Row {
    const char* text;
    const char* user;  // nullptr: refused
    const char* endpoint;
  };
  const Row rows[] = {{"shop", "", "shop"},        {"deploy@shop", "deploy", "shop"},
                      {"a@b@shop", "a@b", "shop"}, {"@shop", nullptr, ""},
                      {"a b@shop", nullptr, ""},   {"-x@shop", nullptr, ""},
                      {"deploy@", nullptr, ""},    {"", nullptr, ""},
                      {"../x", nullptr, ""}};
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto target = edge::edgectl::parse_connect_target(row.text);
    REQUIRE(target.has_value() == (row.user != nullptr));
    if (!target) continue;
    CHECK(target->user == row.user);
    CHECK(target->endpoint == row.endpoint);
  }
}

TEST_CASE("the socket comes from the flag, then the variable, then the file, then the default") {
  FakeEdged edged;
  edged.answer("GET /v1/status", 200, nlohmann::json{{"version", "1"}});
  Edgectl edgectl;
  edgectl.config_file = edged.folder() / "config.yaml";
  CHECK(edgectl.run({"status"}).err.find("/run/edged/admin.sock") != std::string::npos);
  std::ofstream(edgectl.config_file) << "socket: " << edged.socket() << "\n";
  CHECK(edgectl.run({"status"}).status == 0);
  setenv("EDGECTL_SOCKET", "/nonexistent/one", 1);
  CHECK(edgectl.run({"status"}).err.find("/nonexistent/one") != std::string::npos);
  CHECK(edgectl.run({"status", "--socket", edged.socket()}).status == 0);
  unsetenv("EDGECTL_SOCKET");
  std::ofstream(edgectl.config_file) << "sockt: x\n";
  const auto wrong = edgectl.run({"status"});
  CHECK(wrong.status == 2);
  CHECK(wrong.err.find("config.yaml:1") != std::string::npos);
}

TEST_CASE("every flag has a variable, and json errors follow it too") {
  edge::edgectl::CommandTree tree;
  for_each_command(edge::docs::read_tree(*tree.app), [](const Command& command) {
    for (const auto& flag : command.flags) {
      const bool exempt = flag.names.back() == "--help" || flag.names.back() == "--version";
      CAPTURE(flag.names.back());
      CHECK(flag.variable.starts_with("EDGECTL_") != exempt);
    }
  });
  setenv("EDGECTL_OUTPUT", "json", 1);
  const auto result = Edgectl().run({"endpoint", "show"});
  unsetenv("EDGECTL_OUTPUT");
  CHECK(nlohmann::json::parse(result.err)["error"]["code"] == "usage");
}

TEST_CASE("every --help begins with examples that parse and fits one screen") {
  edge::edgectl::CommandTree tree;
  int seen = 0;
  for_each_command(edge::docs::read_tree(*tree.app), [&](const Command& command) {
    CAPTURE(command.path);
    const std::string help = edge::docs::help_of(command);
    CHECK(!command.examples.empty());
    CHECK(help.find("\nEXAMPLES\n") < help.find("\nUSAGE\n"));
    // The program's own lists all commands; what acts on many has many flags.
    const auto most = command.path == "edgectl" || command.path == "edgectl exec" ? 55 : 44;
    CHECK(std::count(help.begin(), help.end(), '\n') <= most);
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      CHECK(line.size() <= 90);
    }
    for (const auto& example : command.examples) {
      // A pipe may feed it.
      CHECK((" " + example.command).find(" edgectl ") != std::string::npos);
    }
    ++seen;
  });
  CHECK(seen > 20);
}

TEST_CASE("no flag takes a value in one command and none in another") {
  edge::edgectl::CommandTree tree;
  std::map<std::string, bool> takes_value;
  for_each_command(edge::docs::read_tree(*tree.app), [&](const Command& command) {
    for (const auto& flag : command.flags) {
      for (const auto& name : flag.names) {
        CAPTURE(name);
        const auto [known, is_new] = takes_value.emplace(name, !flag.value.empty());
        CHECK(known->second == !flag.value.empty());
      }
    }
  });
}

TEST_CASE("completions and the man page hold every command and every flag") {
  edge::edgectl::CommandTree tree;
  const auto files = edge::edgectl::generate_docs(*tree.app);
  REQUIRE(files.size() == 4);
  for (const auto& file : files) {
    CAPTURE(file.path);
    CHECK(
        file.content.find("complete-names ") ==
        (file.path == "man/edgectl.1" ? std::string::npos : file.content.find("complete-names ")));
    CHECK(file.content.find("generate-docs") == std::string::npos);
    for_each_command(edge::docs::read_tree(*tree.app), [&](const Command& command) {
      CAPTURE(command.path);
      const bool leaf = command.commands.empty();
      const bool is_roff = file.path == "man/edgectl.1";
      if (leaf) {
        const auto path = is_roff ? with_roff_dashes(command.path) : command.path;
        CHECK(file.content.find(path) != std::string::npos);
      }
      for (const auto& flag : command.flags) {
        std::string name = flag.names.back().substr(2);
        if (name == "help") continue;
        CAPTURE(name);
        if (is_roff) name = with_roff_dashes(name);
        CHECK(file.content.find(name) != std::string::npos);
      }
    });
  }
}

TEST_CASE("asking for help is success on stdout, giving no command is not") {
  const auto asked = Edgectl().run({"endpoint", "--help"});
  CHECK(asked.status == 0);
  CHECK(asked.out.starts_with("edgectl endpoint - "));
  CHECK(Edgectl().run({"help", "endpoint"}).out == asked.out);
  CHECK(Edgectl().run({"help", "eps"}).status == 2);
  const auto bare = Edgectl().run({"endpoint"});
  CHECK(bare.status == 2);
  CHECK(bare.out.empty());
  CHECK(bare.err == asked.out);
  for (const char* topic : {"exit-codes", "environment", "formatting"}) {
    CHECK(Edgectl().run({"help", topic}).status == 0);
  }
}
