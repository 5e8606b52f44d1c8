// mover: moves bytes to a scripted service and back, and says how fast: a line of JSON each.
//   mover serve                          the scripted service on a TCP port
//   mover down|up|both --bytes N TARGET...   one target after the other
//   mover pipe --bytes N COMMAND...      through a command that sends back what it gets
//   mover echo --seconds S TARGET        one byte there and back, again and again
// A target is tcp:HOST:PORT or edge:SOCKET:ENDPOINT.
#include <CLI/CLI.hpp>
#include <iostream>

#include "mover/far_end.hpp"
#include "mover/moves.hpp"
#include "mover/serve.hpp"

namespace {

using namespace edge::bench;

void print(const Moved& moved) {
  std::cout << R"({"bytes": )" << moved.bytes << R"(, "seconds": )" << moved.seconds << "}\n"
            << std::flush;
}

void print(const std::vector<double>& took) {
  std::cout << R"({"took": [)";
  for (std::size_t i = 0; i < took.size(); ++i) std::cout << (i > 0 ? "," : "") << took[i];
  std::cout << "]}\n" << std::flush;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"moves bytes, and says how fast", "mover"};
  std::uint64_t bytes = 0;
  double seconds = 1, pause = 0;
  std::vector<std::string> targets;
  std::string listen = "127.0.0.1";
  auto* to_serve = app.add_subcommand("serve", "a scripted service on a TCP port");
  to_serve->add_option("--listen", listen, "an IPv4 address")->capture_default_str();
  to_serve->callback([&] { serve(listen); });
  auto* to_pipe = app.add_subcommand("pipe", "through a command that sends back what it gets");
  to_pipe->add_option("--bytes", bytes, "how many")->required();
  to_pipe->prefix_command();
  to_pipe->callback([&, to_pipe] { print(move_through(to_pipe->remaining(), bytes)); });
  const auto add_move = [&](const char* name, const char* prose,
                            Moved (*move)(const std::string&, std::uint64_t)) {
    auto* command = app.add_subcommand(name, prose);
    command->add_option("--bytes", bytes, "how many; 0 to `up` is without end")->required();
    command->add_option("target", targets, "tcp:HOST:PORT or edge:SOCKET:ENDPOINT")->required();
    command->callback([&, move] {
      for (const auto& target : targets) print(move(target, bytes));
    });
  };
  add_move("down", "towards the node", move_down);
  add_move("up", "from the node", move_up);
  add_move("both", "both ways at once", move_both_ways);
  auto* to_echo = app.add_subcommand("echo", "one byte there and back, again and again");
  to_echo->add_option("--seconds", seconds, "for so long");
  to_echo->add_option("--pause", pause, "seconds between two");
  to_echo->add_option("target", targets, "where to")->required()->expected(1);
  to_echo->callback([&] { print(echo(targets.front(), seconds, pause)); });
  app.require_subcommand(1);
  try {
    CLI11_PARSE(app, argc, argv);
  } catch (const Failed& failure) {
    std::cerr << "mover: " << failure.what() << '\n';
    return 1;
  }
  return 0;
}
