// Which connections go through which proxy. Pure.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/proxy_exceptions.hpp"
#include "base/proxy_url.hpp"

namespace edge::net {

// What was asked for, as text: the configuration's words, and the environment's where it says
// nothing.
struct ProxyWishes {
  Secret
      url;  // proxy.url: "none" is no proxy, whatever the environment says; "" is the environment
  std::vector<std::string> except;  // proxy.except; empty: the environment's
  // A variable's name, for errors and logs, and its value; "" is not set.
  struct Variable {
    std::string name;
    Secret value;
  };
  std::vector<Variable> variables;  // the first that is set counts
  std::string no_proxy;
};

class ProxyRules {
 public:
  ProxyRules(ProxyUrl proxy, ProxyExceptions exceptions, std::string origin)
      : proxy_(std::move(proxy)), exceptions_(std::move(exceptions)), origin_(std::move(origin)) {}

  // Null: no proxy is asked for. Errors name the key or the variable (Errc::usage).
  static Result<std::shared_ptr<const ProxyRules>> make(const ProxyWishes& wishes);

  // Null: dialled directly.
  const ProxyUrl* proxy_for(const HostPort& address) const {
    return exceptions_.contains(address) ? nullptr : &proxy_;
  }
  const ProxyUrl& proxy() const noexcept { return proxy_; }
  const std::string& origin() const noexcept { return origin_; }  // "proxy.url", "HTTPS_PROXY"

 private:
  ProxyUrl proxy_;
  ProxyExceptions exceptions_;
  std::string origin_;
};

}  // namespace edge::net
