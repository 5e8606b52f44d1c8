#include "control/operator_identity.hpp"

#include "base/file_lock.hpp"
#include "base/files.hpp"

namespace edge::control {
namespace {

constexpr std::size_t kMostBytes = 16 * 1024;
constexpr milliseconds kLockPatience{10'000};

Result<ssh::Key> load(const std::filesystem::path& file) {
  auto text = read_file(file, kMostBytes);
  if (!text) return text.error();
  auto key = ssh::Key::from_private_text(Secret(*text));
  wipe(text->data(), text->size());
  if (key) return key;
  return fail(Errc::failure, file.string() + ": " + key.error().message,
              "move it away: a new one is made");
}

}  // namespace

std::filesystem::path identity_file(const std::filesystem::path& folder) {
  return folder / "id_ed25519";
}

Result<ssh::Key> operator_identity(const std::filesystem::path& folder) {
  const auto file = identity_file(folder);
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) return load(file);
  if (auto made = make_folder(folder, 0700); !made) return made.error();
  const auto lock = FileLock::take(folder / "id_ed25519.lock", kLockPatience);
  if (!lock) return lock.error();
  if (std::filesystem::exists(file, ignored)) return load(file);  // another one was first
  auto key = ssh::Key::generate();
  if (!key) return key;
  const auto secret = key->private_text();
  const auto line = key->public_line() + " edgectl\n";
  if (auto written = write_file(file.string() + ".pub", line, 0644); !written)
    return written.error();
  if (auto written = write_file(file, std::string(secret.reveal()), 0600); !written)
    return written.error();
  return key;
}

}  // namespace edge::control
