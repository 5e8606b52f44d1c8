// A node's files over a session that outlives its carriers: an sftp channel, and one for the
// agent's checksums. Thread rule: one loop. Ownership: its owner awaits end() before it lets go.
#pragma once

#include "control/copy/far_side.hpp"
#include "control/node_connection.hpp"

namespace edge::control {

class NodeFiles {
 public:
  static net::Task<Result<std::unique_ptr<NodeFiles>>> open(NodeConnection::Order order,
                                                            sftp::Client::Limits limits);
  NodeFiles(const NodeFiles&) = delete;

  FarSide& side() noexcept { return *side_; }
  // Why the session is over although nobody said goodbye.
  std::optional<Error> failure() const { return node_->failure(); }
  net::Task<> end();

 private:
  explicit NodeFiles(net::asio::any_io_executor executor) : tasks_(std::move(executor)) {}
  net::Task<Result<void>> open_sftp(sftp::Client::Limits limits);
  net::Task<> open_sums();
  net::Task<> hear_errors(ssh::RemoteCommand& command, std::string& words);

  net::TaskGroup tasks_;
  std::unique_ptr<NodeConnection> node_;
  std::unique_ptr<ssh::RemoteCommand> sftp_, sums_;
  std::string words_, sums_words_;  // what they said on stderr, a little of it
  std::unique_ptr<sftp::Client> files_;
  std::unique_ptr<SumsClient> teller_;
  std::unique_ptr<FarSide> side_;
};

}  // namespace edge::control
