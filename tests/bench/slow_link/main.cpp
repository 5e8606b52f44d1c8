// slow-link: a TAP device in each of two network namespaces, and between them a link with a delay
// and, where it is asked for, a bottleneck with a queue. For kernels without netem.
//   slow-link NAMESPACE NAMESPACE DEVICE --delay-ms N [--kbit N --queue-ms N]
// Prints {"event": "ready"} when the devices are there; ends with its stdin, and they go with it.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstring>
#include <iostream>

#include "slow_link/direction.hpp"

namespace {

using namespace edge::bench;

constexpr int kFramesATime = 64;  // of one direction, before the other has its turn

struct Failed : std::runtime_error {
  explicit Failed(const std::string& what) : runtime_error(what + ": " + std::strerror(errno)) {}
};

int open_tap(const std::string& name_space, const std::string& device) {
  const int there = ::open(("/run/netns/" + name_space).c_str(), O_RDONLY | O_CLOEXEC);
  if (there < 0 || ::setns(there, CLONE_NEWNET) != 0) throw Failed("namespace " + name_space);
  ::close(there);
  const int tap = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ifreq request{};
  device.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (tap < 0 || ::ioctl(tap, TUNSETIFF, &request) != 0) throw Failed("TAP device " + device);
  return tap;
}

// What a device does not take is lost, as on a wire.
void deliver(Direction& direction, int tap, LinkClock::time_point now) {
  while (const auto frame = direction.give(now)) (void)!::write(tap, frame->data(), frame->size());
}

void collect(Direction& direction, int tap) {
  std::array<char, 64 * 1024> frame;
  for (int i = 0; i < kFramesATime; ++i) {
    const auto size = ::read(tap, frame.data(), frame.size());
    if (size <= 0) return;
    direction.take(std::string(frame.data(), static_cast<std::size_t>(size)), LinkClock::now());
  }
}

timespec until(LinkClock::time_point due, LinkClock::time_point now) {
  const auto left = std::max(due - now, LinkClock::duration{0});
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  return {seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
}

void carry(const std::array<int, 2>& taps, const LinkKind& kind) {
  std::array<Direction, 2> ways{Direction(kind), Direction(kind)};
  for (;;) {
    const auto now = LinkClock::now();
    deliver(ways[0], taps[1], now);
    deliver(ways[1], taps[0], now);
    auto due = now + std::chrono::hours(1);
    for (const auto& way : ways) due = std::min(due, way.next().value_or(due));
    std::array<pollfd, 3> ready{
        {{taps[0], POLLIN, 0}, {taps[1], POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
    const auto wait = until(due, now);
    if (::ppoll(ready.data(), ready.size(), &wait, nullptr) < 0) throw Failed("poll");
    if (ready[2].revents != 0) return;
    for (std::size_t i : {0, 1}) {
      if ((ready[i].revents & POLLIN) != 0) collect(ways[i], taps[i]);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"a link with a delay between two network namespaces", "slow-link"};
  std::string one, other, device;
  double delay_ms = 0, kbit = 0, queue_ms = 0;
  app.add_option("one", one, "a network namespace")->required();
  app.add_option("other", other, "another")->required();
  app.add_option("device", device, "the name of the TAP device in both")->required();
  app.add_option("--delay-ms", delay_ms, "one way")->required();
  app.add_option("--kbit", kbit, "a second, each way; no bottleneck by default");
  app.add_option("--queue-ms", queue_ms, "that a frame may wait for the bottleneck");
  CLI11_PARSE(app, argc, argv);
  const auto milliseconds = [](double ms) {
    return std::chrono::duration_cast<LinkClock::duration>(
        std::chrono::duration<double, std::milli>(ms));
  };
  const LinkKind kind{milliseconds(delay_ms), kbit * 125, milliseconds(queue_ms)};
  try {
    const std::array<int, 2> taps{open_tap(one, device), open_tap(other, device)};
    std::cout << "{\"event\": \"ready\"}\n" << std::flush;
    carry(taps, kind);
  } catch (const Failed& failure) {
    std::cerr << "slow-link: " << failure.what() << '\n';
    return 1;
  }
  return 0;
}
