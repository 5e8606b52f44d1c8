#include "control/node_connection.hpp"

#include "control/known_hosts.hpp"
#include "net/relay.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kHandshakeDeadline{30'000};

}  // namespace

NodeConnection::NodeConnection(net::asio::any_io_executor executor, std::string endpoint,
                               std::unique_ptr<SessionLink> link)
    : endpoint_(std::move(endpoint)), tasks_(executor), link_(std::move(link)) {}

net::Task<Result<std::unique_ptr<NodeConnection>>> NodeConnection::open(Order order) {
  const auto executor = co_await net::asio::this_coro::executor;
  auto key = ssh::Key::generate();  // of this session alone
  if (!key) co_return key.error();
  const auto instance_prefix = order.session.endpoint_id + ".";
  const auto endpoint = order.session.endpoint;
  auto link = co_await SessionLink::open(std::move(order.session), std::move(*key));
  if (!link) co_return link.error();
  const auto& session = (*link)->session();
  const auto instance = instance_prefix + session.instance;
  auto known = order.host_keys != nullptr
                   ? order.host_keys->check(instance, session.host_key)
                   : check_known_host(order.state_folder, instance, session.host_key);
  // libssh wants a descriptor.
  auto bridge = known ? net::bridge((*link)->stream(), -1) : Result<net::Bridge>(known.error());
  if (!bridge) {
    co_await (*link)->end();
    co_return bridge.error();
  }
  ssh::Client::Login login{session.host_key, order.account, std::move(order.on_agent)};
  if (login.account.empty()) login.account = ssh::kDefaultAccount;
  std::unique_ptr<NodeConnection> node(new NodeConnection(executor, endpoint, std::move(*link)));
  node->tasks_.spawn("bridge", std::move(bridge->work));
  node->link_->start(std::move(order.on_pause));
  auto client = co_await ssh::Client::open(bridge->descriptor, node->link_->key(), std::move(login),
                                           kHandshakeDeadline);
  if (!client) {
    const auto error = node->failure().value_or(client.error());
    co_await node->end();
    co_return error;
  }
  node->client_ = std::move(*client);
  co_return node;
}

net::Task<Result<std::unique_ptr<ssh::RemoteCommand>>> NodeConnection::run(
    ssh::CommandOrder order) {
  auto command = co_await client_->run(std::move(order), kHandshakeDeadline);
  if (!command && failure()) co_return *failure();
  co_return command;
}

std::optional<Error> NodeConnection::failure() const {
  const auto failure = link_->failure();
  if (!failure) return std::nullopt;
  return fail(failure->code, "the session on " + endpoint_ + " ended: " + failure->message,
              failure->hint);
}

net::Task<> NodeConnection::end() {
  if (client_) client_->close();
  co_await link_->end();
  tasks_.cancel();
  co_await tasks_.join();
}

}  // namespace edge::control
