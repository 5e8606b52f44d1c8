#include "agent/identity.hpp"

#include <charconv>
#include <chrono>

#include "base/encoding.hpp"
#include "base/files.hpp"
#include "crypto/random.hpp"
#include "ssh/key.hpp"
#include "wire/json.hpp"

namespace edge::agent {
namespace {

namespace fs = std::filesystem;
using wire::Json;

constexpr const char* kIdentity = "identity.json";
constexpr const char* kHostKey = "ssh_host_ed25519_key";
constexpr const char* kCounter = "counter";
constexpr std::uint64_t kCounterStep = std::uint64_t{1} << 32;

std::string print(const Identity& identity) {
  Json json{{"endpoint", identity.endpoint.text},
            {"name", identity.name},
            {"instance", identity.instance.text},
            {"urls", identity.urls},
            {"pins", identity.pins},
            {"host-keys", identity.host_keys},
            {"tunnel", identity.tunnel},
            {"edge-id", std::string(identity.edge_id.reveal())},
            {"associated", identity.associated}};
  if (!identity.secret.empty()) json["secret"] = to_base64url(identity.secret.reveal());
  if (!identity.key.empty()) json["key"] = to_base64url(identity.key.reveal());
  return json.dump(2) + "\n";
}

Result<Identity> parse(const std::string& text) {
  auto json = wire::parse_json_object(text);
  if (!json) return json.error();
  Identity identity;
  Error error;
  std::string endpoint, instance, edge_id;
  const bool good =
      wire::take(wire::text_field(*json, "endpoint", {1, 64}), endpoint, error) &&
      wire::take(wire::text_field(*json, "name", {0, 64}), identity.name, error) &&
      wire::take(wire::text_field(*json, "instance", {1, 64}), instance, error) &&
      wire::take(wire::text_list_field(*json, "urls", {1, 16}, {1, 512}), identity.urls, error) &&
      wire::take(wire::text_list_field(*json, "pins", {1, 16}, {1, 128}), identity.pins, error) &&
      wire::take(wire::text_list_field(*json, "host-keys", {1, 16}, {1, 128}), identity.host_keys,
                 error) &&
      wire::take(wire::text_field(*json, "tunnel", {1, 512}), identity.tunnel, error) &&
      wire::take(wire::text_field(*json, "edge-id", {36, 36}), edge_id, error);
  if (!good) return error;
  identity.endpoint = EndpointId{endpoint};
  identity.instance = InstanceId{instance};
  identity.edge_id = Secret(edge_id);
  identity.associated = json->value("associated", false);
  if (json->contains("secret") &&
      !wire::take(wire::secret_field(*json, "secret", 32), identity.secret, error)) {
    return error;
  }
  if (json->contains("key") &&
      !wire::take(wire::secret_field(*json, "key", 32), identity.key, error))
    return error;
  return identity;
}

}  // namespace

Result<std::optional<Identity>> IdentityFolder::load() const {
  const auto file = folder_ / kIdentity;
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return std::optional<Identity>();
  auto text = read_private_file(file);
  if (!text) return text.error();
  auto identity = parse(*text);
  if (!identity) {
    return fail(Errc::failure, file.string() + " is damaged: " + identity.error().message,
                "edge-agent leave, then join again");
  }
  return std::optional(*identity);
}

Result<void> IdentityFolder::save(const Identity& identity) const {
  if (auto made = make_folder(folder_, 0700); !made) return made.error();
  return write_file(folder_ / kIdentity, print(identity), 0600);
}

Result<void> IdentityFolder::forget() const {
  for (const char* name : {kIdentity, kHostKey, kCounter}) {
    std::error_code error;
    fs::remove(folder_ / name, error);
    if (error)
      return fail(Errc::failure,
                  "cannot remove " + (folder_ / name).string() + ": " + error.message());
  }
  return {};
}

Result<Secret> IdentityFolder::host_key() const {
  const auto file = folder_ / kHostKey;
  std::error_code ignored;
  if (!fs::exists(file, ignored)) {
    auto key = ssh::Key::generate();
    if (!key) return key.error();
    if (auto made = make_folder(folder_, 0700); !made) return made.error();
    if (auto written = write_file(file, key->private_text().reveal(), 0600); !written)
      return written.error();
  }
  auto text = read_private_file(file);
  if (!text) return text.error();
  Secret secret(*text);
  wipe(text->data(), text->size());
  return secret;
}

Result<std::uint64_t> IdentityFolder::first_counter() const {
  using namespace std::chrono;
  const auto now = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  std::uint64_t first = now > 0 ? static_cast<std::uint64_t>(now) : 1;
  if (auto text = read_file(folder_ / kCounter, 64)) {
    std::uint64_t reserved = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), reserved);
    if (error == std::errc() && reserved > first) first = reserved;
  }
  auto written = write_file(folder_ / kCounter, std::to_string(first + kCounterStep) + "\n", 0600);
  if (!written) return written.error();
  return first;
}

Identity identity_from(const wire::Token& token, const std::string& edge_id,
                       const std::optional<Identity>& old) {
  Identity identity;
  const bool same = old && old->endpoint == token.endpoint;
  identity.endpoint = token.endpoint;
  identity.name = token.name;
  identity.instance = same ? old->instance : crypto::new_instance_id();
  identity.urls = token.urls;
  identity.pins = token.pins;
  identity.host_keys = token.host_keys;
  identity.tunnel = token.tunnel;
  identity.secret = token.secret;
  if (!edge_id.empty()) {
    identity.edge_id = Secret(edge_id);
  } else {
    identity.edge_id = same ? old->edge_id : Secret(crypto::random_uuid());
  }
  return identity;
}

}  // namespace edge::agent
