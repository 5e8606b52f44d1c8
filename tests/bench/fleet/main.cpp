// fleet: plays thousands of agents in one process, with the agent's own check-in code.
//   fleet join --state FOLDER --created FILE   associate who is not yet
//   fleet follow|tunnels|commands|ask|bad --state FOLDER ...    see stage.hpp
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "base/log.hpp"
#include "fleet/stage.hpp"

namespace {

using namespace edge;
using namespace edge::bench;

int complain(const Error& error) {
  std::cerr << "fleet: " << error.message << (error.hint.empty() ? "" : ": " + error.hint) << '\n';
  return 1;
}

int run(const Flags& flags, int (*mode)(Stage&)) {
  std::signal(SIGPIPE, SIG_IGN);         // OpenSSL writes to what edged may just have closed
  log::start(log::Level::error, false);  // thousands would say the same
  auto roster = Roster::load(flags.state);
  if (!roster) return complain(roster.error());
  if (!flags.created.empty()) {
    if (auto added = roster->add(flags.created); !added) return complain(added.error());
  } else {
    const auto chosen = roster->choose(flags.first, flags.agents, flags.url);
    if (!chosen) return complain(chosen.error());
  }
  const auto counter = roster->first_counter();
  if (!counter) return complain(counter.error());
  Stage stage(flags, std::move(*roster));
  stage.counter = *counter;
  return mode(stage);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"plays thousands of agents", "fleet"};
  Flags flags;
  int (*mode)(Stage&) = nullptr;
  app.add_option("--state", flags.state, "who the agents are")->required();
  app.add_option("--url", flags.url, "dial this instead of what the tokens say");
  app.add_option("--first", flags.first, "the number of the first agent to play, from 0");
  app.add_option("--agents", flags.agents, "how many; all by default");
  app.add_option("--source", flags.source, "the first address to dial from")
      ->check(CLI::ValidIPV4)
      ->capture_default_str();
  app.add_option("--sources", flags.sources, "how many addresses; 0: the kernel chooses")
      ->check(CLI::Range(0, 254));
  app.fallthrough();  // before the subcommands: they inherit it
  auto* to_join = app.add_subcommand("join", "associate who is not yet");
  to_join->add_option("--created", flags.created, "from edgectl endpoint create -o json")
      ->required();
  to_join->callback([&] { mode = join; });
  auto* to_follow = app.add_subcommand("follow", "do what edged orders");
  to_follow->add_option("--spread", flags.spread, "seconds within which all start");
  to_follow->add_flag_callback(
      "--tunnels", [&] { flags.sessions = Sessions::shells; }, "open the tunnels that are offered");
  to_follow->callback([&] { mode = follow; });
  auto* to_tunnel = app.add_subcommand(
      "tunnels", "the same with tunnels, whose sessions do what their first line says");
  to_tunnel->add_option("--spread", flags.spread, "seconds within which all start");
  to_tunnel->add_option("--cipher", flags.cipher, "of the tunnels; the agent's choice by default");
  to_tunnel->callback([&] {
    flags.sessions = Sessions::scripted;
    mode = follow;
  });
  auto* to_run = app.add_subcommand(
      "commands", "the same with sessions as an agent's, whose commands are scripted");
  to_run->add_option("--spread", flags.spread, "seconds within which all start");
  to_run->callback([&] {
    flags.sessions = Sessions::commands;
    mode = follow;
  });
  auto* to_ask = app.add_subcommand("ask", "connect, and at each go ask as fast as it is answered");
  to_ask->add_option("--seconds", flags.seconds, "of one round");
  to_ask->callback([&] { mode = ask; });
  auto* to_flood = app.add_subcommand("bad", "at each go a flood that must be refused");
  to_flood->add_option("--seconds", flags.seconds, "of one round");
  to_flood->add_option("--per-second", flags.per_second, "check-ins");
  to_flood->add_option("--fresh", flags.fresh, "per cent of the askers that connect anew");
  to_flood->callback([&] { mode = bad; });
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);
  return run(flags, mode);
}
