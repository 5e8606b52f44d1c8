#include "ssh/key.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/encoding.hpp"
#include "ssh/handles.hpp"

namespace edge::ssh {

Key::Key(Key&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
Key& Key::operator=(Key&& other) noexcept {
  std::swap(raw_, other.raw_);
  return *this;
}
Key::~Key() {
  ssh_key_free(raw_);
}

Result<Key> Key::generate() {
  ssh_key raw = nullptr;
  if (ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &raw) != SSH_OK) {
    return fail(Errc::failure, "cannot make an ed25519 key");
  }
  return Key(raw);
}

Result<Key> Key::from_private_text(const Secret& openssh_pem) {
  ssh_key raw = nullptr;
  const std::string text(openssh_pem.reveal());  // libssh wants a C string
  const int rc = ssh_pki_import_privkey_base64(text.c_str(), nullptr, nullptr, nullptr, &raw);
  wipe(const_cast<char*>(text.data()), text.size());
  if (rc != SSH_OK) return fail(Errc::usage, "not a private key in OpenSSH's format");
  Key key(raw);
  if (ssh_key_type(raw) != SSH_KEYTYPE_ED25519) return fail(Errc::usage, "not an ed25519 key");
  return key;
}

Result<Key> Key::from_public_line(const std::string& line) {
  constexpr std::string_view kPrefix = "ssh-ed25519 ";
  if (line.size() > 1024 || line.compare(0, kPrefix.size(), kPrefix) != 0) {
    return fail(Errc::usage, "not an ed25519 public key");
  }
  const auto end = line.find(' ', kPrefix.size());
  const auto body =
      line.substr(kPrefix.size(), end == std::string::npos ? end : end - kPrefix.size());
  ssh_key raw = nullptr;
  if (ssh_pki_import_pubkey_base64(body.c_str(), SSH_KEYTYPE_ED25519, &raw) != SSH_OK) {
    return fail(Errc::usage, "not an ed25519 public key");
  }
  return Key(raw);
}

Secret Key::private_text() const {
  char* text = nullptr;
  if (ssh_pki_export_privkey_base64(raw_, nullptr, nullptr, nullptr, &text) != SSH_OK)
    return Secret{};
  const TextHandle owner(text);
  Secret secret{std::string_view(text)};
  wipe(text, secret.reveal().size());
  return secret;
}

std::string Key::public_line() const {
  char* text = nullptr;
  if (ssh_pki_export_pubkey_base64(raw_, &text) != SSH_OK) return {};
  const TextHandle owner(text);
  return std::string("ssh-ed25519 ") + text;
}

std::string Key::fingerprint() const {
  unsigned char* hash = nullptr;
  std::size_t size = 0;
  if (ssh_get_publickey_hash(raw_, SSH_PUBLICKEY_HASH_SHA256, &hash, &size) != 0) return {};
  const TextHandle text(ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, size));
  ssh_clean_pubkey_hash(&hash);
  return text ? std::string(text.get()) : std::string();
}

bool Key::same_public(const Key& other) const {
  return ssh_key_cmp(raw_, other.raw_, SSH_KEY_CMP_PUBLIC) == 0;
}

namespace {

constexpr std::size_t kKeyBytes = 32;

// RFC 4251 section 5: length and bytes. Nothing where the text ends before.
std::optional<std::string_view> take_string(std::string_view& text) {
  if (text.size() < 4) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(text[i]);
  text.remove_prefix(4);
  if (size > text.size()) return std::nullopt;
  const auto taken = text.substr(0, size);
  text.remove_prefix(size);
  return taken;
}

// What is between the lines of a PEM file, in one.
std::string body_of(std::string_view pem) {
  std::string body;
  while (!pem.empty()) {
    const auto line = pem.substr(0, pem.find('\n'));
    pem.remove_prefix(std::min(pem.size(), line.size() + 1));
    if (line.substr(0, 5) != "-----") body += line;
  }
  return body;
}

}  // namespace

// OpenSSH's PROTOCOL.key: magic, cipher, kdf, its options, number of keys, public key, and the
// private section: two check numbers, type, public key, seed and public key in one string.
Secret Key::seed() const {
  constexpr std::string_view kMagic("openssh-key-v1\0", 15);
  const auto text = private_text();
  auto body = body_of(text.reveal());
  auto decoded = from_base64(body);
  wipe(body.data(), body.size());
  if (!decoded) return {};
  Secret seed;
  std::string_view rest(*decoded);
  if (rest.substr(0, kMagic.size()) == kMagic) {
    rest.remove_prefix(kMagic.size());
    for (int i = 0; i < 3; ++i) take_string(rest);
    rest.remove_prefix(std::min<std::size_t>(rest.size(), 4));
    take_string(rest);
    auto section = take_string(rest).value_or(std::string_view{});
    section.remove_prefix(std::min<std::size_t>(section.size(), 8));
    for (int i = 0; i < 2; ++i) take_string(section);
    const auto both = take_string(section).value_or(std::string_view{});
    if (both.size() == 2 * kKeyBytes) seed = Secret(both.substr(0, kKeyBytes));
  }
  wipe(decoded->data(), decoded->size());
  return seed;
}

std::string Key::public_bytes() const {
  const auto line = public_line();
  const auto decoded =
      from_base64(std::string_view(line).substr(std::min<std::size_t>(12, line.size())));
  if (!decoded) return {};
  std::string_view rest(*decoded);
  take_string(rest);
  return std::string(take_string(rest).value_or(std::string_view{}));
}

std::string library_version() {
  return ssh_version(0);
}

}  // namespace edge::ssh
