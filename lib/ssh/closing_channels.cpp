#include "ssh/closing_channels.hpp"

namespace edge::ssh {
namespace {

// Eight windows of 2 MB may be under way when as many bulk streams are cut off at once.
constexpr std::size_t kMostBytes = 16 * 1024 * 1024;
constexpr std::size_t kMostChannels = 256;

}  // namespace

ClosingChannels::Closing::Closing(ssh_channel channel) : raw(channel) {
  callbacks.userdata = this;
  callbacks.channel_close_function = [](ssh_session, ssh_channel, void* user) noexcept {
    static_cast<Closing*>(user)->closed = true;
  };
  // Takes nothing, or libssh would open the window again: `size` is all that it holds by now.
  callbacks.channel_data_function = [](ssh_session, ssh_channel, void*, std::uint32_t size,
                                       int is_stderr, void* user) noexcept {
    static_cast<Closing*>(user)->kept[is_stderr != 0] = size;
    return 0;
  };
  ssh_callbacks_init(&callbacks);
  ssh_add_channel_callbacks(raw, &callbacks);
}

void ClosingChannels::add(ssh_channel raw) {
  channels_.push_back(std::make_unique<Closing>(raw));
}

void ClosingChannels::free_closed() {
  std::erase_if(channels_, [](const auto& one) {
    if (!one->closed) return false;
    ssh_remove_channel_callbacks(one->raw, &one->callbacks);
    ssh_channel_free(one->raw);
    return true;
  });
}

std::string ClosingChannels::broken() const {
  if (channels_.size() > kMostChannels) return "does not close its channels";
  std::size_t bytes = 0;
  for (const auto& one : channels_) bytes += one->kept[0] + one->kept[1];
  return bytes > kMostBytes ? "goes on sending on closed channels" : "";
}

}  // namespace edge::ssh
