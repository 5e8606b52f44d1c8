// Runs edgectl in this process, against a FakeEdged and a terminal of the test's choosing.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "edgectl/program.hpp"

namespace edgectl_test {

struct EdgectlRun {
  int status = -1;
  std::string out;
  std::string err;
};

struct Edgectl {
  bool is_terminal = false;
  std::string input;
  std::filesystem::path config_file, state, home;
  // 2026-11-22T21:52:05Z, two seconds after what the fixed answers say.
  class At final : public edge::Clock {
   public:
    edge::SteadyTime steady() const override { return {}; }
    edge::WallTime wall() const override { return *edge::parse_rfc3339("2026-11-22T21:52:05Z"); }
  } clock;

  EdgectlRun run(const std::vector<std::string>& arguments) {
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    edge::control::Terminal terminal{is_terminal, is_terminal, is_terminal, 80};
    edge::edgectl::World world{in,    out,         err,   terminal, {"1", "", "xterm"},
                               clock, config_file, state, home,     "/usr/bin/edgectl"};
    EdgectlRun result;
    result.status = edge::edgectl::run_program(arguments, world);
    result.out = out.str();
    result.err = err.str();
    return result;
  }
};

}  // namespace edgectl_test
