#include "agent/session_forwards.hpp"

#include "agent/asked_account.hpp"
#include "agent/forward_pump.hpp"
#include "agent/listen_rules.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "net/happy_eyeballs.hpp"

namespace edge::agent {
namespace {

constexpr std::size_t kMostAsked = 512;       // while the account is looked at
constexpr std::size_t kMostName = 253;        // of a host
constexpr milliseconds kLongWait{3'600'000};  // until the next request

TargetRules rules_of(const std::vector<std::string>& entries) {
  auto rules = TargetRules::parse(entries);
  return rules ? std::move(*rules) : TargetRules();  // the settings were checked: or nothing
}

std::string print(const HostPort& target) {
  return format_host_port({printable(target.host, kMostName), target.port});
}

}  // namespace

SessionForwards::SessionForwards(net::asio::any_io_executor executor,
                                 const config::AgentConfig& config, ForwardBudget& budget,
                                 std::string program, std::string session, bool needs_pam)
    : executor_(executor),
      config_(config),
      budget_(budget),
      program_(std::move(program)),
      session_(std::move(session)),
      needs_pam_(needs_pam),
      targets_(rules_of(config.allow_targets)),
      listens_(rules_of(config.allow_listen)),
      bell_(std::make_shared<net::Notify>(executor)),
      listeners_(executor, budget,
                 [this](std::string address, std::uint16_t port, HostPort source) {
                   return server_->open_forwarded(std::move(address), port, std::move(source));
                 }),
      tasks_(executor),
      pumps_(executor) {}

ssh::ForwardHooks SessionForwards::hooks() {
  ssh::ForwardHooks hooks;
  hooks.on_connect = [this](std::unique_ptr<ssh::ForwardRequest> request) {
    ask(std::move(request));
  };
  hooks.on_listen = [this](std::unique_ptr<ssh::ListenRequest> request) {
    ask(std::move(request));
  };
  return hooks;
}

void SessionForwards::ask(Request request) {
  if (ending_ || requests_.size() >= kMostAsked) return;  // refused
  requests_.push_back(std::move(request));
  if (tasks_.size() == 0) tasks_.spawn("forward.requests", take_requests());
  bell_->ring();
}

// In their order: answers to listeners are told apart by nothing else.
net::Task<> SessionForwards::take_requests() {
  const auto allowed = co_await check_asked_account();
  while (!ending_) {
    while (!requests_.empty()) {
      auto request = std::move(requests_.front());
      requests_.pop_front();
      if (!allowed) {
        refuse("a forward", allowed.error());
      } else if (auto* connection = std::get_if<0>(&request)) {
        tasks_.spawn("forward.dial", dial(std::move(*connection)));
      } else {
        listen(*std::get<1>(request));
      }
    }
    co_await bell_->wait(kLongWait);
  }
}

net::Task<Result<void>> SessionForwards::check_asked_account() {
  account_ = asked_account(server_->account());
  if (auto may = may_ask_for(config_, account_); !may) co_return may.error();
  auto checked = co_await check_account(executor_, program_, account_, session_, needs_pam_);
  co_return checked;
}

void SessionForwards::refuse(const std::string& what, const Error& reason) {
  log::warning("session.forward-refused", {{"session", session_},
                                           {"account", printable(account_, 64)},
                                           {"target", what},
                                           {"reason", reason.message}});
}

net::Task<> SessionForwards::dial(std::unique_ptr<ssh::ForwardRequest> request) {
  const auto target = request->target();
  auto place = budget_.take();
  if (!place) {
    refuse(print(target), fail(Errc::unavailable, "this node has as many forwards as it takes"));
    co_return;
  }
  auto socket = co_await connect(target);
  if (!socket) {
    refuse(print(target), socket.error());
    co_return;
  }
  auto stream = request->accept();
  if (!stream) co_return;
  log::debug("session.forward", {{"session", session_},
                                 {"account", printable(account_, 64)},
                                 {"target", print(target)},
                                 {"address", net::peer_address(*socket)}});
  // Of their own: a dial may be broken off, a pump ends by itself.
  pumps_.spawn("forward.pump",
               pump_forward(std::move(*socket), std::move(stream), std::move(place)));
}

// What is checked is what is dialled: no second look-up comes between the two.
net::Task<Result<net::Socket>> SessionForwards::connect(HostPort target) {
  const auto until = std::chrono::steady_clock::now() + config_.connect_deadline;
  if (target.host.empty() || target.host.size() > kMostName)
    co_return fail(Errc::usage, "no name of a host");
  auto found = co_await net::look_up(target, config_.connect_deadline);
  if (!found) co_return fail(Errc::unreachable, "cannot resolve: " + found.error().message);
  std::string refused;
  std::erase_if(*found, [&](const auto& endpoint) {
    const auto text = net::text_of(endpoint.address());
    const auto address = parse_ip(text);
    const bool allowed = address && targets_.allows(*address, endpoint.port());
    if (!allowed) refused = text;
    return !allowed;
  });
  if (found->empty()) {
    co_return fail(Errc::not_allowed, (refused.empty() ? "no address" : refused) +
                                          " is not among session.allow-targets of this node");
  }
  const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
  auto in_order = net::interleave(*found);
  auto socket =
      co_await net::connect_first(std::move(in_order), std::max(left, milliseconds{1}), {});
  co_return socket;
}

void SessionForwards::listen(ssh::ListenRequest& request) {
  const auto& asked = request.address();
  const auto port = request.port();
  if (request.is_end()) {
    if (listeners_.end(asked, port)) request.accept(port);
    return;
  }
  const auto what = "listener on " + print({asked, port});
  if (!may_listen_on(port, account_, first_unprivileged_port())) {
    return refuse(what, fail(Errc::not_allowed, "the port is for root only"));
  }
  const auto addresses = listen_addresses(listens_, asked, port);
  if (addresses.empty()) {
    return refuse(what, fail(Errc::not_allowed, "the address is not among session.allow-listen"));
  }
  const auto listening = listeners_.listen(asked, addresses, port);
  if (!listening) return refuse(what, listening.error());
  log::info("session.listen", {{"session", session_},
                               {"account", printable(account_, 64)},
                               {"address", print({asked, *listening})}});
  request.accept(*listening);
}

net::Task<> SessionForwards::end() {
  ending_ = true;
  requests_.clear();
  bell_->ring();
  tasks_.cancel();
  co_await tasks_.join();
  co_await listeners_.join();
  co_await pumps_.join();
}

}  // namespace edge::agent
