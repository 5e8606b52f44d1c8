#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "agent/control_message.hpp"
#include "agent/control_socket.hpp"

using namespace edge::agent;
using edge::Errc;

namespace {

SessionRequest full_request() {
  SessionRequest request;
  request.session = "s1";
  request.account = "deploy";
  request.pty = WindowSize{132, 43, 1'000, 65'535};
  request.terminal = "xterm-256color";
  request.modes = std::string("\x35\0\0\0\1\0", 6);
  request.command = "ls 'na\xefve'\n\xff";
  request.shell = "/bin/bash";
  request.environment = {{"LANG", "C"}, {"LC_ALL", "\xc3\x28"}};
  request.hang_up_grace = edge::milliseconds{1'234};
  request.forward_agent = request.only_check = true;
  request.from = "2001:db8::7";
  request.needs_pam = true;
  return request;
}

}  // namespace

TEST_CASE("a request is the same on the other side, byte for byte") {
  const auto sent = full_request();
  const auto order = decode_order(encode(Order{sent}));
  REQUIRE(order.has_value());
  const auto& got = std::get<SessionRequest>(*order);
  CHECK(got.session == sent.session);
  CHECK(got.account == sent.account);
  REQUIRE(got.pty.has_value());
  CHECK(got.pty->columns == 132);
  CHECK(got.pty->rows == 43);
  CHECK(got.pty->x_pixels == 1'000);
  CHECK(got.pty->y_pixels == 65'535);
  CHECK(got.terminal == sent.terminal);
  CHECK(got.modes == sent.modes);
  CHECK(got.command == sent.command);
  CHECK(got.shell == sent.shell);
  CHECK(got.environment == sent.environment);
  CHECK(got.hang_up_grace == sent.hang_up_grace);
  CHECK(got.forward_agent);
  CHECK(got.only_check);
  CHECK(got.from == sent.from);
  CHECK(got.needs_pam == sent.needs_pam);
}

TEST_CASE("a request at all its bounds fits into one packet") {
  SessionRequest request;
  request.account = request.session = request.terminal = request.from = std::string(256, 'a');
  request.command = std::string(96 * 1'024, 'c');
  request.shell = request.modes = std::string(4'096, 's');
  for (int i = 0; i < 128; ++i) request.environment.emplace_back("N", std::string(127, 'v'));
  REQUIRE(check(request).has_value());
  CHECK(encode(Order{request}).size() < kMaxPacket);
}

TEST_CASE("reports and orders come back as they went") {
  const auto signal = decode_order(encode(Order{SignalOrder{"TERM"}}));
  REQUIRE(signal.has_value());
  CHECK(std::get<SignalOrder>(*signal).name == "TERM");
  const auto started = decode_report(encode(Report{Started{77}}));
  REQUIRE(started.has_value());
  CHECK(std::get<Started>(*started).shell == 77);
  const auto refused =
      decode_report(encode(Report{Refused{edge::fail(Errc::not_allowed, "no", "ask")}}));
  REQUIRE(refused.has_value());
  CHECK(std::get<Refused>(*refused).reason.code == Errc::not_allowed);
  CHECK(std::get<Refused>(*refused).reason.hint == "ask");
  const auto ended = decode_report(encode(Report{SessionEnd{3, "SEGV", true, "why"}}));
  REQUIRE(ended.has_value());
  CHECK(std::get<SessionEnd>(*ended).status == 3);
  CHECK(std::get<SessionEnd>(*ended).signal == "SEGV");
  CHECK(std::get<SessionEnd>(*ended).core_dumped);
  CHECK(std::get<SessionEnd>(*ended).message == "why");
}

TEST_CASE("a message that is none is an error") {
  const auto whole = encode(Order{full_request()});
  for (const auto& packet :
       {std::string(), std::string("\xff\xff"), whole.substr(0, 40), whole + "x",
        std::string("\xa0"), std::string(kMaxPacket + 1, '\0'), encode(Report{Started{1}})}) {
    CHECK_FALSE(decode_order(packet).has_value());
  }
  CHECK_FALSE(decode_report(whole).has_value());
}

TEST_CASE("a packet carries descriptors, which stay open and close on exec") {
  auto sockets = control_socket_pair();
  REQUIRE(sockets.has_value());
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(send_packet(sockets->first.get(), "hello", ends).has_value());
  ::close(ends[0]);
  ::close(ends[1]);
  const auto packet = receive_packet(sockets->second.get());
  REQUIRE(packet.has_value());
  REQUIRE(packet->has_value());
  CHECK((*packet)->bytes == "hello");
  REQUIRE((*packet)->descriptors.size() == 2);
  CHECK(::write((*packet)->descriptors[1].get(), "x", 1) == 1);
  char byte = 0;
  CHECK(::read((*packet)->descriptors[0].get(), &byte, 1) == 1);
  CHECK(byte == 'x');
}

TEST_CASE("what a peer said last is read, though it did not listen") {
  auto sockets = control_socket_pair();
  REQUIRE(sockets.has_value());
  REQUIRE(send_packet(sockets->first.get(), "unread").has_value());
  REQUIRE(send_packet(sockets->second.get(), "last words").has_value());
  sockets->second.reset();
  const auto packet = receive_packet(sockets->first.get());
  REQUIRE(packet.has_value());
  REQUIRE(packet->has_value());
  CHECK((*packet)->bytes == "last words");
  CHECK_FALSE(receive_packet(sockets->first.get()).has_value());
}

TEST_CASE("a control socket tells nothing yet, cut and closed apart") {
  auto sockets = control_socket_pair();
  REQUIRE(sockets.has_value());
  const auto nothing = receive_packet(sockets->second.get());
  REQUIRE(nothing.has_value());
  CHECK_FALSE(nothing->has_value());
  REQUIRE(send_packet(sockets->first.get(), std::string(kMaxPacket + 1, 'x')).has_value());
  const auto cut = receive_packet(sockets->second.get());
  REQUIRE_FALSE(cut.has_value());
  CHECK(cut.error().code == Errc::failure);
  sockets->first.reset();
  const auto closed = receive_packet(sockets->second.get());
  REQUIRE_FALSE(closed.has_value());
  CHECK(closed.error().code == Errc::unreachable);
}
