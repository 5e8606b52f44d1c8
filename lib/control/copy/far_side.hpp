// A node's files as a copy sees them: SFTP, and the agent's checksums where it tells them.
// Thread rule: one loop.
#pragma once

#include <memory>

#include "control/copy/sums_client.hpp"
#include "sftp/client.hpp"
#include "sftp/window.hpp"

namespace edge::control {

// Larger files are summed while they pass, and their holes are looked for.
inline constexpr std::uint64_t kLargeFile = 1024 * 1024;

struct FarSide {
  FarSide(sftp::Client& client, SumsClient* teller, net::asio::any_io_executor executor)
      : files(client), sums(teller), large(std::move(executor), 8, SIZE_MAX) {}

  sftp::Client& files;
  SumsClient* sums;    // null: an older agent, and only sizes are compared
  sftp::Window large;  // so many large files at once
};

// `error` of making something in `folder`, with where that was, and with what the far side's file
// system says about it where SFTP has only "Failure".
net::Task<Error> explained(FarSide& far, std::string folder, Error error);

// Names "NAME" and ".NAME.part" in a folder of the node, and what is there already.
struct FarTarget {
  std::string path;
  std::optional<sftp::Attributes> existing, part;
};

// What is at the path; a link is followed to what it names, so that the link stays.
net::Task<Result<FarTarget>> look_at_target(FarSide& far, std::string path);
std::string part_path(const std::string& target);

}  // namespace edge::control
