// What the three ports share. Made by main, outlives every port.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "base/address_set.hpp"
#include "config/settings.hpp"
#include "fleet/penalties.hpp"
#include "fleet/rate_meter.hpp"
#include "net/http.hpp"
#include "net/loop_lag.hpp"
#include "net/tls.hpp"
#include "server/handshake_queue.hpp"
#include "server/registry.hpp"
#include "server/service_times.hpp"
#include "server/sources.hpp"
#include "server/store_worker.hpp"

namespace edge::server {

// The TLS context that new connections get; SIGHUP swaps it.
class CurrentTls {
 public:
  void set(net::TlsContext context) {
    const std::lock_guard lock(mutex_);
    context_ = std::move(context);
  }
  net::TlsContext get() const {
    const std::lock_guard lock(mutex_);
    return context_;
  }

 private:
  mutable std::mutex mutex_;
  net::TlsContext context_;
};

// fleet::Penalties for all loops.
class SharedPenalties {
 public:
  milliseconds failed(std::uint64_t source, const std::string& endpoint, SteadyTime now) {
    const std::lock_guard lock(mutex_);
    return penalties_.failed(source, endpoint, now);
  }
  milliseconds owed(std::uint64_t source, SteadyTime now) {
    const std::lock_guard lock(mutex_);
    return penalties_.owed(source, now);
  }

 private:
  std::mutex mutex_;
  fleet::Penalties penalties_;
};

class HangUps;

struct Parts {
  Parts(const Clock& the_clock, const config::EdgedConfig& the_config, Registry& the_registry,
        StoreWorker& the_store)
      : clock(the_clock),
        config(the_config),
        registry(the_registry),
        store(the_store),
        sources(the_config.connections_per_source, the_config.strangers_per_source,
                the_config.header_deadline / 4),
        tunnel_sources(the_config.connections_per_source, the_config.strangers_per_source,
                       the_config.login_deadline / 4) {}

  const Clock& clock;
  const config::EdgedConfig& config;
  Registry& registry;
  StoreWorker& store;
  AddressSet trusted;  // proxies, whose word about sources is taken
  Sources sources;     // of the poll port
  Sources tunnel_sources;
  SharedPenalties penalties, tunnel_penalties;
  ServiceTimes service_times;
  CurrentTls tls;
  HangUps* hang_ups =
      nullptr;  // of operators who go while a tunnel is away; set before any loop runs
  std::shared_ptr<net::TicketRing> tickets;  // of every context; counts handshakes
  Secret host_key;                           // of the tunnel port
  std::string host_key_fingerprint;
  std::string pin;  // of the poll port's own certificate
  WallTime started{};
  std::atomic<std::size_t> connections{0};  // all ports together
  std::atomic<std::size_t> operators{0};    // of those, of the admin socket
  std::atomic<bool> draining{false};
  std::atomic<SteadyTime::rep> said_full{0};
  std::deque<net::LoopLag> lags;                         // one a loop, before the first one runs
  fleet::RateMeter check_in_rate{milliseconds{10'000}};  // loop 0 only

  // What new tokens tell agents to accept: behind a proxy it is the proxy's certificate.
  std::vector<std::string> token_pins() const {
    return config.poll_pins.empty() ? std::vector{pin} : config.poll_pins;
  }

  // Says, at most once a minute, that a connection was refused since as many are open as may be.
  void say_full(const char* port);
  // Writes an event to the store's list and to the log, some time soon.
  void record_event(store::EventRecord event);
};

// Counts one connection against the budget of both ports for as long as it lives; `most` is what
// may be taken.
class ConnectionSlot {
 public:
  enum class Of { agent, one_operator };
  ConnectionSlot(Parts& parts, std::size_t most, Of whom = Of::agent)
      : parts_(&parts), is_operator_(whom == Of::one_operator) {
    if (is_operator_) parts_->operators.fetch_add(1);
    taken_ = parts.connections.fetch_add(1) < std::max<std::size_t>(most, 1);
  }
  ConnectionSlot(ConnectionSlot&& other) noexcept
      : parts_(std::exchange(other.parts_, nullptr)),
        is_operator_(other.is_operator_),
        taken_(other.taken_) {}
  ConnectionSlot& operator=(ConnectionSlot&&) = delete;
  ~ConnectionSlot() {
    if (!parts_) return;
    parts_->connections.fetch_sub(1);
    if (is_operator_) parts_->operators.fetch_sub(1);
  }
  explicit operator bool() const noexcept { return taken_; }

 private:
  Parts* parts_;
  bool is_operator_ = false;
  bool taken_ = false;
};

// Of each loop and port. A source's part of them goes with what it may have of the connections, so
// that who allows a whole fleet behind one address need not set two bounds.
inline HandshakeQueue::Limits handshake_limits(const config::EdgedConfig& config) {
  return {config.handshakes, std::max<std::size_t>(64, config.connections_per_source / 16)};
}

// {"error": {"code": ..., "message": ..., "hint": ..., "retryable": ...}} with the status that
// belongs to the code.
net::Response error_response(const Error& error);
net::Response json_response(int status, const nlohmann::json& body);
// Text that came from strangers may not be UTF-8: it is replaced, nothing throws.
std::string json_text(const nlohmann::json& value);

}  // namespace edge::server
