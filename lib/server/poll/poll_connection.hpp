// One connection of the poll port. It waits (in a hold, or for its next request) as one handler and
// one timer: no coroutine, no parser, no buffer, since thousands of them wait at once. A check-in
// in its plain form is read, decided and answered in one go; anything else gets a coroutine for as
// long as it takes. Thread rule: the loop of its port.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>

#include "net/tls.hpp"
#include "server/parts.hpp"

namespace edge::server {

class PollPort;
class HoldBell;

struct Origin {  // of a connection
  std::string address;
  bool is_proxy = false;  // a trusted one, which may put requests of many agents on it
};

inline SteadyTime from_now(milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

// Holds, and idle connections, end together, five times a second, and not one by one: waking up
// costs more than answering. (Measured at 15,000 held: ARCHITECTURE.md.) Up to a tick later than
// asked.
inline SteadyTime on_a_tick(SteadyTime time) {
  constexpr SteadyTime::duration kTick = milliseconds{200};
  return SteadyTime(((time.time_since_epoch() + kTick - SteadyTime::duration{1}) / kTick) * kTick);
}

class PollConnection final : public Stranger, public std::enable_shared_from_this<PollConnection> {
 public:
  // `stream`: after its handshake. Owned by its port's list, and by what it waits for.
  PollConnection(PollPort& port, Parts& parts, net::TlsStream stream, Origin origin,
                 SourceSlot source, ConnectionSlot slot);
  ~PollConnection() override;

  void start();
  void make_room() override;
  void end();   // cuts it off, whatever it does; safe to repeat
  void rung();  // HoldBell's: something has changed

 private:
  // idle: for a request · held · refusing: a refusal is being held back · busy: a coroutine has the
  // stream · closed: waits for its last handler to let go
  enum class State { idle, held, refusing, busy, closed };
  struct CheckIn {
    std::string_view authorization, prefer;
    std::vector<std::string_view> forwarded_for;  // every line, in its order
    bool keep_alive = true;
  };

  // --- reading and waiting: poll_connection.cpp
  // Every handler's way in, and every coroutine's: what throws ends this connection, and no other.
  void step(void (PollConnection::*what)());
  // The work may use `this`: the connection outlives it.
  void spawn(std::string name, net::Task<> work);
  net::Task<> guard(std::shared_ptr<PollConnection> self, net::Task<> work);
  void failed(const std::exception& error);
  void begin();
  void go_on();  // after an answer: reads what is there, or waits
  void listen();
  void readable();
  void look_while_held();
  net::HttpLimits limits() const;
  net::Task<> serve(std::string first);
  net::Task<> answer(net::Request request);
  void become_tunnel();
  void due_at(SteadyTime time);
  void arm(SteadyTime until);
  void time_is_up();

  // --- writing: poll_answer.cpp
  void respond(net::Response response, milliseconds held_back = milliseconds{0});
  void send(std::string bytes, bool keep);
  void sent(bool keep);
  net::Task<> finish_sending(std::string rest, bool keep);
  net::Task<> linger();

  // --- the check-in: poll_check_in.cpp
  void check_in(const CheckIn& request);
  void comes_from(const std::vector<std::string_view>& forwarded_for);
  void look_again();
  void settle(CheckInAnswer answer);
  void answer(const CheckInAnswer& answer);
  void refuse(const wire::Authorization& claim, Refusal refusal);
  void refuse_clone(bool first);
  void become(const Caller& caller);
  void offer(milliseconds asked);
  void now_known();

  PollPort& port_;
  Parts& parts_;
  net::TlsStream stream_;
  net::asio::steady_timer timer_;
  SteadyTime due_ = SteadyTime::max(), armed_until_ = SteadyTime::max();
  SteadyTime hold_until_{};
  wire::Pace told_{{}, milliseconds{0}};  // at the hold's start: another one ends it
  std::optional<Visit> visit_;            // of who authenticated last, for goodbye
  std::shared_ptr<HoldBell> bell_;
  std::string pending_;  // read already: what follows the request that is being answered
  std::string refusal_;  // held back
  const Origin origin_;
  std::string address_;           // of who sends this request
  std::uint64_t connection_ = 0;  // this request's, as in Visit
  const std::uint64_t id_;
  SourceSlot source_;
  ConnectionSlot slot_;
  SteadyTime read_at_{};
  State state_ = State::idle;
  int refusals_ = 0;     // in a row
  bool keep_ = true;     // after the request that is being answered
  bool by_mac_ = false;  // it gets a ticket
  bool known_ = false;   // somebody has proved who it is: before that every bound is a stranger's
  bool armed_ = false;
  bool listening_ = false;
};

}  // namespace edge::server
