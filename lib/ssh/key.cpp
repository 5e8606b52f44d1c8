#include "ssh/key.hpp"

#include <utility>

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

std::string library_version() {
  return ssh_version(0);
}

}  // namespace edge::ssh
