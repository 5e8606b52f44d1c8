#include "net/proxy_rules.hpp"

namespace edge::net {
namespace {

Error at(const std::string& origin, const Error& error) {
  return fail(error.code, origin + ": " + error.message, error.hint);
}

// The text of the proxy's URL and where it is written.
ProxyWishes::Variable chosen(const ProxyWishes& wishes) {
  if (!wishes.url.empty()) return {"proxy.url", wishes.url};
  for (const auto& variable : wishes.variables) {
    if (!variable.value.empty()) return variable;
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const ProxyRules>> ProxyRules::make(const ProxyWishes& wishes) {
  using Rules = std::shared_ptr<const ProxyRules>;
  const bool none = wishes.url.reveal() == "none";
  const auto [origin, text] = chosen(wishes);
  if (none || text.empty()) return Rules{};
  auto proxy = parse_proxy_url(text.reveal());
  if (!proxy) return at(origin, proxy.error());
  auto exceptions = ProxyExceptions::from_environment(wishes.no_proxy);
  if (!wishes.except.empty()) {
    auto own = ProxyExceptions::parse(wishes.except);
    if (!own) return at("proxy.except", own.error());
    exceptions = std::move(*own);
  }
  return Rules(std::make_shared<ProxyRules>(std::move(*proxy), std::move(exceptions), origin));
}

}  // namespace edge::net
