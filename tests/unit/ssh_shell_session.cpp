#include "ssh_shell_ends.hpp"

namespace edge::ssh::test {
namespace {

Task<> at_once(std::shared_ptr<ShellChannel> channel) {
  const ShellEnd end;
  co_await channel->finish(end);
}

Task<> status_seven(std::shared_ptr<ShellChannel> channel) {
  ShellEnd end;
  end.status = 7;
  co_await channel->finish(end);
}

Task<> killed(std::shared_ptr<ShellChannel> channel) {
  const ShellEnd end{0, "KILL", true, "out of memory"};
  co_await channel->finish(end);
}

Task<> refused(std::shared_ptr<ShellChannel> channel) {
  const ShellEnd end{0, kRefusedSignal, false, "no such\x1b[2J account"};
  co_await channel->finish(end);
}

// Everything from stdin to stdout, the same size of errors to stderr.
Task<> echo(std::shared_ptr<ShellChannel> channel) {
  const auto whole = co_await read_to_end(channel->stream());
  const auto errors = pattern(whole.bytes.size(), 9);
  TaskGroup group(co_await net::asio::this_coro::executor);
  co_await channel->write_error(net::asio::buffer(errors));
  co_await channel->stream().write(net::asio::buffer(whole.bytes));
  const ShellEnd end;
  co_await channel->finish(end);
}

std::vector<std::string> noticed, signals;  // by the shell below

Task<> notice(std::shared_ptr<ShellChannel> channel) {
  noticed.clear();
  signals.clear();
  channel->on_resize = [](int columns, int rows, int, int) {
    noticed.push_back(std::to_string(columns) + "x" + std::to_string(rows));
  };
  channel->on_signal = [](const std::string& name) { signals.push_back(name); };
  co_await read_to_end(channel->stream());
  channel->on_resize = nullptr;
  channel->on_signal = nullptr;
  const ShellEnd end;
  co_await channel->finish(end);
}

Task<> until_end(std::shared_ptr<ShellChannel> channel) {
  co_await read_to_end(channel->stream());
}

Task<> only_open(ShellEnds& ends, ShellTarget target, std::string vouched) {
  co_await open_session(ends, std::move(target), at_once, std::move(vouched));
  co_await end_session(ends);
}

Task<> read_errors(RemoteCommand& client, std::string& errors) {
  std::string chunk(10'000, '\0');
  for (;;) {
    const auto [error, size] = co_await client.read_error(net::asio::buffer(chunk));
    errors.append(chunk, 0, size);
    if (error) co_return;
  }
}

struct Outcome {
  std::string output, errors;
  std::optional<ShellEnd> end;
};

Task<> run(ShellEnds& ends, ShellTarget target, Shell shell, std::string input, Outcome& outcome) {
  const auto vouched = ends.session_key.public_line();
  co_await open_session(ends, std::move(target), shell, vouched);
  REQUIRE(ends.established);
  REQUIRE(ends.opened);
  TaskGroup group(co_await net::asio::this_coro::executor);
  group.spawn("errors", read_errors(*ends.client, outcome.errors));
  co_await write_text(ends.client->stream(), std::move(input));
  co_await ends.client->stream().shutdown_write();
  auto whole = co_await read_to_end(ends.client->stream());
  outcome.output = std::move(whole.bytes);
  co_await group.join();
  outcome.end = co_await ends.client->end();
  co_await end_session(ends);
}

Outcome outcome_of(ShellEnds& ends, ShellTarget target, Shell shell, std::string input = {}) {
  Outcome outcome;
  drive(run(ends, std::move(target), shell, std::move(input), outcome));
  return outcome;
}

Task<> resize_and_signal(ShellEnds& ends) {
  auto target = ends.target();
  target.pty = PtyRequest{"xterm", 80, 24, 0, 0};
  const auto vouched = ends.session_key.public_line();
  co_await open_session(ends, std::move(target), notice, vouched);
  REQUIRE(ends.opened);
  co_await ends.client->resize(132, 43);
  co_await ends.client->send_signal("INT");
  co_await ends.client->resize(1, 1);
  co_await ends.client->send_signal("TERM");
  co_await ends.client->stream().shutdown_write();
  co_await read_to_end(ends.client->stream());
  co_await end_session(ends);
}

Task<> lose_the_session(ShellEnds& ends, std::optional<ShellEnd>& end, bool by_server) {
  auto target = ends.target();
  const auto vouched = ends.session_key.public_line();
  co_await open_session(ends, std::move(target), until_end, vouched);
  REQUIRE(ends.opened);
  if (by_server) {
    ends.server->close();
    const auto whole = co_await read_to_end(ends.client->stream());
    CHECK(whole.error != net::asio::error::eof);
    end = co_await ends.client->end();
  } else {
    ends.client.reset();
    ends.connection.reset();
    co_await ends.server->until_dead();
  }
  co_await ends.shells->join();
  co_await end_session(ends);
}

Task<> silent_server(ShellEnds& ends) {
  const auto executor = co_await net::asio::this_coro::executor;
  const auto pair = net::socket_pair();
  net::SocketStream peer(net::adopt_socket(executor, pair->first));
  auto target = ends.target();
  co_await open_client(ends, pair->second, ends.session_key, std::move(target), kSoon);
}

Task<> silent_client(ShellEnds& ends) {
  const auto executor = co_await net::asio::this_coro::executor;
  const auto pair = net::socket_pair();
  net::SocketStream peer(net::adopt_socket(executor, pair->second));
  ends.server = std::make_unique<ShellServer>(
      executor, pair->first, *ends.identity, ends.session_key.public_line(),
      [](std::shared_ptr<ShellChannel>) { FAIL("ordered"); });
  co_await establish(ends, kSoon);
  ends.server.reset();
}

}  // namespace

TEST_CASE("an order arrives as the operator gave it") {
  ShellEnds ends;
  auto target = ends.target();
  target.pty = PtyRequest{"xterm-256color", 132, 43, 0, 0};
  target.environment = {{"LANG", "C.UTF-8"}, {"LD_PRELOAD", "/evil"}};
  target.command = "uname -a; echo 'ä'";
  outcome_of(ends, target, at_once);
  REQUIRE(ends.orders.size() == 1);
  const auto& order = ends.orders[0];
  CHECK(order.account == "operator");
  CHECK(order.command == target.command);
  REQUIRE(order.pty);
  CHECK(order.pty->terminal == "xterm-256color");
  CHECK(order.pty->columns == 132);
  CHECK(order.pty->rows == 43);
  CHECK(order.environment == target.environment);  // bounded here, filtered by others
}

TEST_CASE("no command is a login shell and no terminal is none") {
  ShellEnds ends;
  outcome_of(ends, ends.target(), at_once);
  REQUIRE(ends.orders.size() == 1);
  CHECK(ends.orders[0].command.empty());
  CHECK_FALSE(ends.orders[0].pty);
}

TEST_CASE("the exit status and the exit signal come back") {
  ShellEnds by_status, by_signal, by_refusal;
  const auto seven = outcome_of(by_status, by_status.target(), status_seven).end;
  REQUIRE(seven);
  CHECK(seven->status == 7);
  CHECK(seven->signal.empty());
  const auto kill = outcome_of(by_signal, by_signal.target(), killed).end;
  REQUIRE(kill);
  CHECK(kill->signal == "KILL");
  CHECK(kill->core_dumped);
  CHECK(kill->message == "out of memory");
  const auto no = outcome_of(by_refusal, by_refusal.target(), refused).end;
  REQUIRE(no);
  CHECK(no->signal == kRefusedSignal);
  CHECK(no->message.find('\x1b') == std::string::npos);
}

TEST_CASE("stdout and stderr come apart and whole") {
  ShellEnds ends;
  const auto outcome = outcome_of(ends, ends.target(), echo, pattern(1'500'000));
  CHECK((outcome.output == pattern(1'500'000)));
  CHECK((outcome.errors == pattern(1'500'000, 9)));
  REQUIRE(outcome.end);
  CHECK(outcome.end->status == 0);
}

TEST_CASE("another key than the vouched one may not log in") {
  ShellEnds ends;
  drive(only_open(ends, ends.target(), Key::generate()->public_line()));
  REQUIRE_FALSE(ends.established);
  CHECK(ends.established.error().code == Errc::not_allowed);
  CHECK_FALSE(ends.opened);
  CHECK(ends.orders.empty());
}

TEST_CASE("a vouched key that is no key lets nobody in") {
  for (const std::string vouched : {"", "ssh-ed25519 !!!!"}) {
    ShellEnds ends;
    drive(only_open(ends, ends.target(), vouched));
    CHECK_FALSE(ends.established);
    CHECK(ends.orders.empty());
  }
}

TEST_CASE("a far side with another host key gets no login") {
  for (const std::string& line : {Key::generate()->public_line(), std::string()}) {
    ShellEnds ends;
    auto target = ends.target();
    target.host_key = line;
    drive(only_open(ends, std::move(target), ends.session_key.public_line()));
    REQUIRE_FALSE(ends.opened);
    CHECK(ends.opened.error().code == Errc::not_allowed);
    CHECK(ends.opened.error().message.find(ends.host_key.fingerprint()) != std::string::npos);
    CHECK_FALSE(ends.established);
  }
}

TEST_CASE("window changes arrive in their order, and so do signals") {
  ShellEnds ends;
  drive(resize_and_signal(ends));
  CHECK(noticed == std::vector<std::string>{"132x43", "1x1"});
  CHECK(signals == std::vector<std::string>{"INT", "TERM"});
}

TEST_CASE("a session that was lost has no end to report") {
  ShellEnds ends;
  std::optional<ShellEnd> end = ShellEnd{};
  drive(lose_the_session(ends, end, true));
  CHECK_FALSE(end);
}

TEST_CASE("an operator who leaves ends the shell's input and the session") {
  ShellEnds ends;
  std::optional<ShellEnd> end;
  drive(lose_the_session(ends, end, false));
}

TEST_CASE("a far side that does not shake hands is given up at the deadline") {
  ShellEnds ends;
  drive(silent_server(ends));
  REQUIRE_FALSE(ends.opened);
  CHECK(ends.opened.error().code == Errc::timed_out);
}

TEST_CASE("an operator who does not log in is cut off at the deadline") {
  ShellEnds ends;
  drive(silent_client(ends));
  REQUIRE_FALSE(ends.established);
  CHECK(ends.established.error().code == Errc::timed_out);
}

}  // namespace edge::ssh::test
