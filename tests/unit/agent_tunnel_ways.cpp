#include <doctest/doctest.h>

#include "agent/tunnel_ways.hpp"

using edge::SteadyTime;
using edge::agent::TunnelWay;
using edge::agent::TunnelWays;
using std::chrono::hours;
using std::chrono::minutes;
using Order = std::vector<TunnelWay>;

namespace {

const SteadyTime kNow{hours{100}};
const Order kDirectFirst{TunnelWay::direct, TunnelWay::poll_port};
const Order kPollPortFirst{TunnelWay::poll_port, TunnelWay::direct};

}  // namespace

TEST_CASE("the tunnel port is tried first, the poll port after it") {
  CHECK((TunnelWays("auto").to_try(kNow) == kDirectFirst));
}

TEST_CASE("the way that worked is the first one the next time") {
  TunnelWays ways("auto");
  ways.worked(TunnelWay::poll_port, kNow);
  CHECK((ways.to_try(kNow + minutes{59}) == kPollPortFirst));
  ways.worked(TunnelWay::direct, kNow);
  CHECK((ways.to_try(kNow + minutes{1}) == kDirectFirst));
}

TEST_CASE(
    "the tunnel port is tried first again after an hour, however often the other one worked") {
  TunnelWays ways("auto");
  ways.worked(TunnelWay::poll_port, kNow);
  ways.worked(TunnelWay::poll_port, kNow + minutes{50});
  CHECK((ways.to_try(kNow + minutes{61}) == kDirectFirst));
  ways.worked(TunnelWay::poll_port, kNow + minutes{61});
  CHECK((ways.to_try(kNow + minutes{100}) == kPollPortFirst));
}

TEST_CASE("a way that is ordered is the only one") {
  TunnelWays direct("direct"), poll_port("poll-port");
  direct.worked(TunnelWay::poll_port, kNow);
  CHECK((direct.to_try(kNow) == Order{TunnelWay::direct}));
  CHECK((poll_port.to_try(kNow) == Order{TunnelWay::poll_port}));
}
