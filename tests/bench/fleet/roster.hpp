// Who the simulated agents are: one identity each, kept in a folder so that a later run need not
// associate again. Thread rule: one loop.
#pragma once

#include <vector>

#include "agent/identity.hpp"

namespace edge::bench {

class Roster {
 public:
  // What an earlier run left there; empty when there was none.
  static Result<Roster> load(const std::filesystem::path& folder);
  Result<void> save() const;

  // Takes the endpoints in that are not there yet. `created`: {"items": [{"token", "edge-id"}]}, or
  // one such object a line.
  Result<void> add(const std::filesystem::path& created);
  // From here on only these are there, and all dial `url` unless it is empty.
  Result<void> choose(std::size_t first, std::size_t count, const std::string& url);

  std::vector<agent::Identity>& identities() { return identities_; }
  // One SSH host key for all: a key of its own for each would be paid for by nobody's figure.
  Result<Secret> host_key() const { return folder_.host_key(); }
  Result<std::uint64_t> first_counter() const { return folder_.first_counter(); }

 private:
  explicit Roster(const std::filesystem::path& folder) : folder_(folder) {}
  std::filesystem::path file() const { return folder_.path() / "agents.jsonl"; }

  agent::IdentityFolder folder_;
  std::vector<agent::Identity> identities_;
};

}  // namespace edge::bench
