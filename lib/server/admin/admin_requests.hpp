// The requests of one connection of the admin socket.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "net/http.hpp"
#include "net/socket_stream.hpp"
#include "server/admin/target_wish.hpp"
#include "server/operator.hpp"
#include "server/parts.hpp"

namespace edge::server {

class Demand;
struct SettingChange;
class Tunnel;

class AdminConnection {
 public:
  // `slot`: the connection's; a session takes it along.
  AdminConnection(Parts& parts, net::SocketStream& stream, net::HttpReader& reader,
                  ConnectionSlot& slot, Operator who);
  ~AdminConnection();

  // Nothing: the connection is not ours any more.
  net::Task<std::optional<net::Response>> answer(net::Request request);

 private:
  struct Call {  // a request, taken apart
    net::Request request;
    std::map<std::string, std::string> query;
    EndpointId endpoint;                   // of the path, when it names one
    std::string name;                      // of the endpoint, or what else the path names
    std::optional<InstanceId> instance;    // the one that is wanted; nothing: any
    std::string instance_name;             // as the operator named it
    std::shared_ptr<LiveSession> session;  // that a tunnel is wanted for; may be null
  };
  using Answer = net::Task<std::optional<net::Response>>;
  struct Route {
    const char* method;
    const char* path;  // '*' is an endpoint's name or id, or a session's id
    Answer (AdminConnection::*handle)(Call);
  };
  static const std::vector<Route>& routes();

  Answer status(Call call);
  Answer list_endpoints(Call call);
  Answer create_endpoint(Call call);
  Answer show_endpoint(Call call);
  Answer rename_endpoint(Call call);
  Answer remove_endpoint(Call call);
  Answer new_token(Call call);
  Answer disassociate(Call call);
  Answer endpoint_settings(Call call);
  Answer change_endpoint_settings(Call call);
  Answer fleet_settings(Call call);
  Answer change_fleet_settings(Call call);
  Answer list_snapshots(Call call);
  Answer take_snapshot(Call call);
  Answer open_session(Call call);
  Answer list_sessions(Call call);
  Answer show_session(Call call);
  Answer kill_session(Call call);
  Answer require_many(Call call);
  Answer find_targets(Call call);
  Answer change_labels(Call call);
  Answer change_target_settings(Call call);
  Answer watch_endpoints(Call call);
  Answer ping_endpoint(Call call);
  Answer show_check_ins(Call call);
  Answer wait_for(Call call);
  Answer examine_daemon(Call call);

  Answer create_many(nlohmann::json body);
  net::Task<Result<std::vector<Named>>> resolve_targets(TargetWish wish);
  net::Task<Result<std::vector<Named>>> named(TargetWish wish);
  net::Task<Error> unknown_names(std::vector<std::string> unknown);
  net::Task<Error> explain_no_match(fleet::Selector selector);
  net::Task<Result<std::vector<Named>>> matching(std::optional<fleet::Selector> selector);
  net::Task<net::Response> list_of(std::vector<Named> found, bool whole);
  net::Task<> let_others_run();
  net::Task<net::Response> endpoint_view(EndpointId id, int http_status);
  net::Task<std::optional<net::Response>> snapshots_view(EndpointId id);
  std::optional<Error> offline_now(const Call& call) const;
  std::shared_ptr<LiveSession> new_session(const Call& call, SessionId id) const;
  Result<std::shared_ptr<LiveSession>> session_of(const Call& call) const;
  // Waits until the endpoint has an open tunnel. Errors: offline, timed_out (with the reason so
  // far), removed.
  net::Task<Result<std::shared_ptr<Tunnel>>> require_tunnel(const Call& call);
  net::Task<Result<void>> store_settings(std::optional<EndpointId> id,
                                         std::map<std::string, SettingChange> changes);
  net::Task<Result<void>> change_settings(std::vector<EndpointId> scopes, std::string key,
                                          SettingChange change, std::string for_whom);
  nlohmann::json settings_view(const std::optional<EndpointId>& id) const;
  Error no_endpoint(const std::string& name) const;
  Error no_session(const std::string& name) const;
  store::EventRecord event(std::string kind, const EndpointId& id, std::string text) const;

  Parts& parts_;
  net::SocketStream& stream_;
  net::HttpReader& reader_;
  ConnectionSlot& slot_;
  const Operator operator_;
  std::vector<Demand> demands_;  // of require_many, until this connection ends
};

}  // namespace edge::server
