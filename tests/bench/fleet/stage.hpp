// What all modes share: the loop, who plays, what was counted, and the conversation with the bench:
// a line of JSON on stdout for each event, a word a line on stdin. Thread rule: one loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "agent/poll_link.hpp"
#include "config/settings.hpp"
#include "fleet/flags.hpp"
#include "fleet/roster.hpp"
#include "fleet/tally.hpp"
#include "net/notify.hpp"

namespace edge::bench {

class Stage {
 public:
  Stage(const Flags& the_flags, Roster the_roster);

  // {"event": EVENT, ...} and the end of the line.
  void say(const char* event, wire::Json more = wire::Json::object()) const;
  // The tally, and handshakes.
  void mark();
  wire::Json report() const;
  // Options of the agent with that number: its source address, and one TLS context for all.
  agent::PollLinkOptions link_options(std::size_t number) const;

  // Words that every mode knows: "report", "mark", "quit"; the end of stdin quits too, so that
  // nothing is left behind by a bench that died.
  net::Task<> converse();
  std::function<void(const std::string& word)> on_word;  // the others, and "mark" once it is done
  std::function<void()> on_quit;
  std::function<agent::Handshakes()> handshakes;  // of all links, since the start

  Flags flags;
  net::asio::io_context loop{1};
  net::asio::any_io_executor executor{loop.get_executor()};
  Roster roster;
  config::AgentConfig config;
  std::uint64_t counter = 0;
  Tally tally;
  bool quitting = false;

 private:
  void hear(const std::string& word);
  agent::Handshakes handshakes_so_far() const {
    return handshakes ? handshakes() : agent::Handshakes{};
  }

  std::shared_ptr<net::ClientContexts> contexts_ = std::make_shared<net::ClientContexts>();
  agent::Handshakes marked_;
};

// Each runs until it is told to quit, or (join) until it is done; 0, or the exit status.
int join(Stage& stage);
int follow(Stage& stage);  // what edged orders, as agents do
int ask(Stage& stage);     // connects, and at each "go" asks as fast as it is answered
int bad(Stage& stage);     // at each "go" a flood that must be refused

// Runs the loop until `work` has ended, talking to the bench meanwhile.
void play(Stage& stage, net::Task<> work);
// Calls `each` with every number below `count`, so many at a time.
net::Task<> for_each(Stage& stage, std::size_t count, std::size_t at_a_time,
                     std::function<net::Task<>(std::size_t)> each);

}  // namespace edge::bench
