// A session of PAM around a shell that an agent gives as root: whether the account may have it now,
// its limits, environment and place among the node's sessions. The only place that names libpam.
//
// PAM's `auth` is never asked: edged vouched for the operator, as a key does with sshd.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace edge::agent {

inline constexpr const char* kPamService = "edge-agent";

// The file that configures the service, where libpam looks for it; nothing when there is none, and
// libpam would take the service `other`, which denies on some systems and lets all in on others.
std::optional<std::filesystem::path> find_pam_service(
    const std::vector<std::filesystem::path>& folders = {"/etc/pam.d", "/usr/lib/pam.d"});

// Errc::failure: an agent that had the file when it started finds it gone.
Error missing_pam_service();

struct PamQuestion {
  std::string account;
  std::string terminal;  // "/dev/pts/3", empty without one
  std::string from;      // where the operator comes from, empty: not known
  std::filesystem::path service;
  // Where libpam reads services, instead of its own folders: for tests.
  std::filesystem::path only_folder;
};

class PamSession {
 public:
  // Asks, in this order: account, credentials, session. Errc::not_allowed with PAM's own words.
  // Blocks, and changes the process that calls: its limits, its login id, its keyring, its cgroup
  // (pam_systemd). So it is for the session's own process, which stays root and forks the shell.
  // REQUIRES: root, with the account's supplementary groups (pam_group adds to them).
  static Result<std::unique_ptr<PamSession>> open(const PamQuestion& question);

  // Asks about the account alone: for what runs no process of its own (a forward).
  static Result<void> may_come_in(const PamQuestion& question);

  // Ends the session, in the process that opened it.
  ~PamSession();
  PamSession(const PamSession&) = delete;
  PamSession& operator=(const PamSession&) = delete;

  // What modules exported, and what they said.
  std::vector<std::pair<std::string, std::string>> environment() const;
  const std::string& greeting() const;

 private:
  class Handle;
  explicit PamSession(std::unique_ptr<Handle> handle);

  std::unique_ptr<Handle> handle_;
};

}  // namespace edge::agent
