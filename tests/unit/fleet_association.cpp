#include <doctest/doctest.h>

#include "fleet/association.hpp"

namespace edge::fleet {
namespace {

using Verdict = AssociationVerdict;
const WallTime kNow{std::chrono::hours{24 * 365}};
const std::string kToken(32, 't'), kEdgeId(32, 'e');

AssociationState fresh() {
  AssociationState state;
  state.token_hash = kToken;
  return state;
}

AssociationState associated() {
  auto state = fresh();
  state.edge_id_hash = kEdgeId;
  state.host_keys[InstanceId{"first"}] = "ssh-ed25519 A";
  return state;
}

AssociationClaim claim() {
  return {kToken, kEdgeId, InstanceId{"first"}, "ssh-ed25519 A"};
}

}  // namespace

TEST_CASE("the first one with the right token binds the edge ID") {
  CHECK(decide(fresh(), claim(), kNow) == Verdict::associate);
}

TEST_CASE("a wrong token is refused in the same words as a wrong edge ID") {
  auto wrong_token = claim();
  wrong_token.token_hash[31] = 'x';
  auto wrong_id = claim();
  wrong_id.edge_id_hash[0] = 'x';
  CHECK(decide(fresh(), wrong_token, kNow) == Verdict::unauthorized);
  CHECK(decide(associated(), wrong_token, kNow) == Verdict::unauthorized);
  CHECK(decide(associated(), wrong_id, kNow) == Verdict::unauthorized);
}

TEST_CASE("an empty hash is nobody's token") {
  auto state = fresh();
  auto empty = claim();
  empty.token_hash.clear();
  CHECK(decide(state, empty, kNow) == Verdict::unauthorized);
}

TEST_CASE("a token expires for the first association only") {
  auto state = fresh();
  state.token_expires = kNow;
  CHECK(decide(state, claim(), kNow - milliseconds{1}) == Verdict::associate);
  CHECK(decide(state, claim(), kNow) == Verdict::expired);
  auto later = associated();
  later.token_expires = kNow;
  CHECK(decide(later, claim(), kNow) == Verdict::known);
}

TEST_CASE("a second node joins with the same edge ID") {
  auto second = claim();
  second.instance = InstanceId{"second"};
  second.host_key = "ssh-ed25519 B";
  CHECK(decide(associated(), second, kNow) == Verdict::add_instance);
}

TEST_CASE("a known instance may not change its host key") {
  auto changed = claim();
  changed.host_key = "ssh-ed25519 B";
  CHECK(decide(associated(), changed, kNow) == Verdict::host_key_changed);
}

TEST_CASE("an endpoint takes as many instances as it may and no more") {
  auto state = associated();
  for (std::size_t i = 1; i < kInstancesPerEndpoint; ++i) {
    state.host_keys[InstanceId{"node-" + std::to_string(i)}] = "ssh-ed25519 A";
  }
  auto one_more = claim();
  one_more.instance = InstanceId{"one more"};
  CHECK(decide(state, one_more, kNow) == Verdict::too_many);
  CHECK(decide(state, claim(), kNow) == Verdict::known);
}

}  // namespace edge::fleet
