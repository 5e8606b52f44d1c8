// The keys of TLS session tickets over time: read at the start, a new one a day, kept in the state
// folder, so that agents resume their sessions with an edged that was restarted.
#pragma once

#include <filesystem>
#include <memory>

#include "base/time.hpp"
#include "net/task.hpp"
#include "net/tls_tickets.hpp"
#include "server/store_worker.hpp"

namespace edge::server {

// Thread rule: load() before any other thread uses it, refresh() from one thread at a time; the
// ring is anybody's.
class TicketKeeper {
 public:
  static constexpr const char* kFileName = "tls-ticket-keys";  // 0600

  TicketKeeper(const Clock& clock, const std::filesystem::path& state_folder);

  // What the file says, and a new key where one is due. Never fails: a file that is missing,
  // damaged or open to others is replaced and costs full handshakes, and so does a folder that
  // cannot be written to, at the next start.
  void load();
  // A new key where one is due, and what could not be saved before.
  void refresh();
  // Refreshes every ten minutes, on the store's thread (a file is written and synced), until it is
  // cancelled. REQUIRES: `worker` has drained before this is destroyed.
  net::Task<> keep(StoreWorker& worker);

  const std::shared_ptr<net::TicketRing>& ring() const noexcept { return ring_; }

 private:
  crypto::TicketKeys stored() const;
  void save();

  const Clock& clock_;
  std::filesystem::path file_;
  std::shared_ptr<net::TicketRing> ring_;
  bool saved_ = true;
  bool said_unsaved_ = false;
};

}  // namespace edge::server
