#include "server/ticket_keeper.hpp"

#include "base/files.hpp"
#include "base/log.hpp"

namespace edge::server {
namespace {

constexpr milliseconds kRefreshEvery{600'000};

}  // namespace

TicketKeeper::TicketKeeper(const Clock& clock, const std::filesystem::path& state_folder)
    : clock_(clock),
      file_(state_folder / kFileName),
      ring_(std::make_shared<net::TicketRing>(crypto::TicketKeys())) {}

// None where the file is of no use.
crypto::TicketKeys TicketKeeper::stored() const {
  auto bytes = read_private_file(file_);
  if (!bytes) {
    if (bytes.error().code == Errc::not_found) {
      log::info("tls-tickets.new-keys", {{"reason", "no file yet"}, {"file", file_.string()}});
    } else {
      log::warning("tls-tickets.new-keys", {{"reason", bytes.error().message}});
    }
    return {};
  }
  auto keys = crypto::TicketKeys::parse(*bytes);
  wipe(bytes->data(), bytes->size());
  if (!keys) {
    log::warning("tls-tickets.new-keys",
                 {{"reason", file_.string() + " is damaged, or not of this version"}});
    return {};
  }
  return *keys;
}

void TicketKeeper::load() {
  ring_->replace(stored().without_old(clock_.wall()));
  refresh();
}

void TicketKeeper::refresh() {
  const auto now = clock_.wall();
  if (const auto keys = ring_->keys(); keys->due(now)) {
    ring_->replace(keys->with(crypto::make_ticket_key(now), now));
    log::debug("tls-tickets.rotated", {{"keys", ring_->keys()->size()}});
    saved_ = false;
  }
  if (!saved_) save();
}

net::Task<> TicketKeeper::keep(StoreWorker& worker) {
  for (;;) {
    const bool go_on = co_await net::sleep(kRefreshEvery);  // a local, for gcc 12's sake
    if (!go_on) co_return;
    worker.post([this](store::Store&) { refresh(); });
  }
}

void TicketKeeper::save() {
  const auto bytes = ring_->keys()->print();
  const auto written = write_file(file_, bytes.reveal(), 0600);
  saved_ = written.has_value();
  if (!saved_ && !said_unsaved_) {  // once: it is tried again at every refresh
    log::error("tls-tickets.not-saved", {{"reason", written.error().message},
                                         {"means", "agents make full handshakes after a restart"}});
  }
  said_unsaved_ = !saved_;
}

}  // namespace edge::server
