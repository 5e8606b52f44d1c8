// The check-in of a connection: who asks, held or answered, and what the answer says.
#include <algorithm>

#include "base/log.hpp"
#include "fleet/pace.hpp"
#include "server/poll/hold_bell.hpp"
#include "server/poll/poll_connection.hpp"
#include "server/poll/poll_port.hpp"
#include "server/poll/poll_requests.hpp"
#include "wire/forwarded_for.hpp"

namespace edge::server {

// Where a trusted proxy speaks for many, each request has its own source, and the connection says
// nothing about who is on it.
void PollConnection::comes_from(const std::vector<std::string_view>& forwarded_for) {
  const bool forwarded = origin_.is_proxy && !forwarded_for.empty();
  connection_ = forwarded ? 0 : id_;
  if (forwarded) {
    address_ = wire::forwarded_source(origin_.address, forwarded_for, parts_.trusted);
  } else if (origin_.is_proxy) {
    address_ = origin_.address;
  }
}

void PollConnection::check_in(const CheckIn& request) {
  keep_ = request.keep_alive;
  comes_from(request.forwarded_for);
  if (parts_.draining) return respond(PollRequests::busy());
  const auto asked = wire::parse_wait(request.prefer).value_or(milliseconds{0});
  if (asked.count() > 0 && !bell_) bell_ = std::make_shared<HoldBell>(port_.executor(), this);
  by_mac_ = false;
  const auto ticket = wire::ticket_of(request.authorization);
  if (visit_ && !ticket.empty()) {
    // On a kept connection the ticket is its agent's, as a rule: one look-up says so, and decides.
    offer(asked);
    const auto hash = crypto::hash_of(ticket);
    auto answer = parts_.registry.arrive(*visit_, &hash);
    if (answer.kind != CheckInAnswer::Kind::unauthorized) return settle(std::move(answer));
  }
  const auto claim = wire::parse_authorization(request.authorization);
  if (!claim) return respond(PollRequests::unauthorized());
  by_mac_ = claim->mac.has_value();
  const auto caller =
      parts_.registry.authenticate(*claim, "GET", PollRequests::kCheckIn, connection_);
  if (!caller) return refuse(*claim, caller.error());
  become(*caller);
  offer(asked);
  settle(parts_.registry.arrive(*visit_, nullptr));
}

void PollConnection::become(const Caller& caller) {
  now_known();
  if (visit_ && visit_->caller.instance != caller.instance) {
    parts_.registry.leave(*visit_);  // a connection that changed its identity
    visit_.reset();
  }
  if (!visit_) visit_.emplace();
  visit_->caller = caller;
}

// What the visit brings this time.
void PollConnection::offer(milliseconds asked) {
  visit_->connection = connection_;
  if (visit_->address != address_) visit_->address = address_;
  visit_->asked = asked;
  if (visit_->hold != bell_) visit_->hold = bell_;
}

void PollConnection::settle(CheckInAnswer decided) {
  if (decided.kind == CheckInAnswer::Kind::hold) {
    const auto now = std::chrono::steady_clock::now();
    if (state_ != State::held) {
      state_ = State::held;
      told_ = decided.pace;
      hold_until_ = on_a_tick(now + fleet::clamp_wait(visit_->asked, decided.pace.hold));
      // Who rang for the shutdown may have come by before this hold was there.
      if (parts_.draining) decided = parts_.registry.look_again(*visit_, /*over=*/true);
    } else if (decided.pace != told_) {  // the agent learns its new orders now
      decided = parts_.registry.look_again(*visit_, /*over=*/true);
    }
    if (decided.kind == CheckInAnswer::Kind::hold) {
      due_at(decided.recheck ? std::min(now + SteadyTime::duration(*decided.recheck), hold_until_)
                             : hold_until_);
      return;
    }
  }
  if (decided.kind == CheckInAnswer::Kind::clone) return refuse_clone(decided.first_of_clone);
  if (decided.kind == CheckInAnswer::Kind::unauthorized)
    return respond(PollRequests::unauthorized());
  answer(decided);
}

void PollConnection::rung() {
  step(&PollConnection::look_again);
}

void PollConnection::look_again() {
  if (state_ != State::held) return;
  settle(parts_.registry.look_again(*visit_, parts_.draining));
  go_on();
}

void PollConnection::answer(const CheckInAnswer& decided) {
  const auto ticket =
      std::exchange(by_mac_, false) ? parts_.registry.new_ticket(visit_->caller) : std::string();
  if (state_ != State::held) parts_.service_times.add(std::chrono::steady_clock::now() - read_at_);
  if (decided.kind != CheckInAnswer::Kind::connect) {
    refusals_ = 0;
    told_ = decided.pace;
    keep_ = keep_ && !parts_.draining;
    return send(wire::print_not_needed(decided.pace, ticket, keep_), keep_);
  }
  net::Response response{
      200, {{"Content-Type", "application/json"}}, wire::print_offer(decided.offer), true};
  response.headers.emplace_back("Edge-Next", wire::print_pace(decided.pace));
  if (!ticket.empty()) response.headers.emplace_back("Edge-Ticket", ticket);
  respond(std::move(response));
}

void PollConnection::refuse(const wire::Authorization& claim, Refusal refusal) {
  if (refusal == Refusal::removed) return respond(PollRequests::removed());
  if (!claim.mac) return respond(PollRequests::unauthorized());  // it comes again, with its MAC
  if (refusal == Refusal::clone) {
    // A copy has overtaken this one's counter; both are told. On its own connection it is a replay.
    bool first = false;
    const Caller caller{claim.mac->endpoint, claim.mac->instance, 0};
    if (!parts_.registry.connection_is_its_own(caller, connection_, first))
      return refuse_clone(first);
  }
  log::debug("check-in.refused", {{"endpoint", claim.mac->endpoint}, {"address", address_}});
  const auto now = parts_.clock.steady();
  respond(PollRequests::unauthorized(),
          parts_.penalties.failed(source_key(address_), claim.mac->endpoint.text, now));
}

void PollConnection::refuse_clone(bool first) {
  if (first && visit_) {
    parts_.record_event({{},
                         "instance.cloned",
                         visit_->caller.endpoint,
                         visit_->caller.instance,
                         "",
                         "two live connections with one identity; one is from " + address_});
  }
  respond(PollRequests::clone());
}

}  // namespace edge::server
