// Association and the snapshot that follows it: the two requests that `join` makes.
#include <sys/utsname.h>
#include <zlib.h>

#include "agent/agent.hpp"
#include "agent/poll_link.hpp"
#include "base/text.hpp"
#include "crypto/keys.hpp"
#include "ssh/key.hpp"
#include "wire/check_in.hpp"
#include "wire/json.hpp"

namespace edge::agent {
namespace {

// {"error": {"message": ..., "hint": ...}} of edged, or something readable about whatever else
// answered.
Error refusal(const net::Response& response, const std::string& url) {
  Errc code = Errc::failure;
  if (response.status == 401 || response.status == 403) code = Errc::not_allowed;
  if (response.status == 409) code = Errc::conflict;
  if (response.status == 410) code = Errc::removed;
  if (response.status == 503 || response.status == 429) code = Errc::unavailable;
  auto json = wire::parse_json_object(response.body);
  if (json && json->contains("error") && (*json)["error"].is_object()) {
    const auto& error = (*json)["error"];
    auto message = wire::text_field(error, "message", {1, 1024});
    auto hint = wire::optional_text_field(error, "hint", {0, 1024});
    if (message)
      return fail(code, url + ": " + printable(*message), hint && *hint ? printable(**hint) : "");
  }
  return fail(Errc::unreachable,
              url + " answered " + std::to_string(response.status) + ": is it edged?");
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  constexpr int kGzip = 16 + MAX_WBITS;
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    return {};
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

net::Task<Result<void>> associate(PollLink& link, Identity& identity, const Secret& host_key,
                                  milliseconds deadline) {
  auto key = ssh::Key::from_private_text(host_key);
  if (!key) co_return key.error();
  utsname system{};
  ::uname(&system);
  wire::Associate message;
  message.endpoint = identity.endpoint;
  message.edge_id = std::string(identity.edge_id.reveal());  // on the wire, this once
  message.secret = identity.secret;
  message.instance = identity.instance;
  message.host_key = key->public_line();
  message.version = EDGE_VERSION;
  message.platform = std::string("linux-") + system.machine;
  message.host_name = system.nodename;
  net::Request request;
  request.method = "POST";
  request.target = "/v1/associate";
  request.headers = {{"Content-Type", "application/json"}};
  request.body = wire::print_associate(message);
  auto response = co_await link.ask(std::move(request), deadline);
  if (!response) {
    link.try_next_url();
    co_return response.error();
  }
  if (response->status != 200) {
    auto refused = refusal(*response, link.url());
    const bool by_edged = refused.code != Errc::unreachable && refused.code != Errc::unavailable;
    if (!by_edged) link.try_next_url();
    co_return refused;
  }
  identity.key = crypto::derive_key(message.edge_id, identity.secret);
  identity.associated = true;
  identity.secret = Secret{};
  link.use_key(identity.key);
  co_return Result<void>{};
}

net::Task<Result<void>> send_snapshot(PollLink& link, const std::string& json,
                                      milliseconds deadline) {
  net::Request request;
  request.method = "PUT";
  request.target = "/v1/snapshot";
  request.headers = {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}};
  request.body = gzip(json);
  auto response = co_await link.ask_as_instance(std::move(request), deadline);
  if (!response) co_return response.error();
  if (response->status != 204) co_return refusal(*response, link.url());
  co_return Result<void>{};
}

}  // namespace edge::agent
