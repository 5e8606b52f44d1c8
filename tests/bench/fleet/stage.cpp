#include "fleet/stage.hpp"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <iostream>

namespace edge::bench {

Stage::Stage(const Flags& the_flags, Roster the_roster)
    : flags(the_flags), roster(std::move(the_roster)) {
  config.sessions = 100'000;  // one service for all agents
  config.tunnel_transport = "direct";
}

void Stage::say(const char* event, wire::Json more) const {
  more["event"] = event;
  std::cout << more.dump() << '\n' << std::flush;
}

agent::PollLinkOptions Stage::link_options(std::size_t number) const {
  agent::PollLinkOptions options;
  options.contexts = contexts_;
  if (flags.sources > 0) {
    const auto first = net::asio::ip::make_address_v4(flags.source).to_uint();
    const auto offset = static_cast<std::uint32_t>(number % flags.sources);
    options.dial.from = net::asio::ip::address_v4(first + offset);
  }
  return options;
}

void Stage::mark() {
  tally.mark();
  marked_ = handshakes_so_far();
}

wire::Json Stage::report() const {
  auto report = tally.report();
  const auto so_far = handshakes_so_far();
  report["handshakes"] = so_far.made - marked_.made;
  report["resumed"] = so_far.resumed - marked_.resumed;
  return report;
}

void Stage::hear(const std::string& word) {
  if (word == "quit") {
    quitting = true;
    if (on_quit) on_quit();
    return;
  }
  if (word == "report") {
    say("report", report());
    return;
  }
  if (word == "mark") mark();
  if (on_word) on_word(word);
}

net::Task<> Stage::converse() {
  net::asio::posix::stream_descriptor input(loop, ::dup(STDIN_FILENO));
  std::string buffer;
  while (!quitting) {
    auto [error, size] = co_await net::asio::async_read_until(
        input, net::asio::dynamic_buffer(buffer), '\n', net::as_values);
    const auto word = error ? std::string("quit") : buffer.substr(0, size - 1);
    if (!error) buffer.erase(0, size);
    hear(word);
  }
}

namespace {

// Ends the conversation with the work, so that the loop has nothing left to do.
net::Task<> work_and_end(Stage& stage, net::Task<> work, net::TaskGroup& talk) {
  auto running = std::move(work);
  co_await std::move(running);
  stage.quitting = true;
  talk.cancel();
}

struct Queue {
  std::size_t next = 0, count = 0;
  std::function<net::Task<>(std::size_t)> each;
};

net::Task<> drain(Stage& stage, std::shared_ptr<Queue> queue) {
  while (!stage.quitting && queue->next < queue->count) {
    const auto number = queue->next++;
    co_await queue->each(number);
  }
}

}  // namespace

void play(Stage& stage, net::Task<> work) {
  net::TaskGroup talk(stage.executor), works(stage.executor);
  talk.spawn("talk", stage.converse());
  works.spawn("work", work_and_end(stage, std::move(work), talk));
  stage.loop.run();
}

net::Task<> for_each(Stage& stage, std::size_t count, std::size_t at_a_time,
                     std::function<net::Task<>(std::size_t)> each) {
  auto queue = std::make_shared<Queue>(Queue{0, count, std::move(each)});
  net::TaskGroup workers(stage.executor);
  for (std::size_t i = 0; i < std::min(at_a_time, count); ++i)
    workers.spawn("worker", drain(stage, queue));
  co_await workers.join();
}

}  // namespace edge::bench
