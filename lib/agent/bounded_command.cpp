#include "agent/bounded_command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/descriptor.hpp"

namespace edge::agent {
namespace {

std::string reason_of(int number) {
  return std::generic_category().message(number);
}

// What posix_spawn needs, released at the end.
class SpawnPlan {
 public:
  explicit SpawnPlan(int output) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output, 1);
    ::posix_spawn_file_actions_addopen(&actions_, 2, "/dev/null", O_WRONLY, 0);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

int milliseconds_until(SteadyTime deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

Result<pid_t> spawn(const std::string& program, const std::vector<std::string>& arguments,
                    int output) {
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::string locale = "LC_ALL=C";
  char* environment[] = {locale.data(), nullptr};
  const SpawnPlan plan(output);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, program.c_str(), plan.actions(), plan.attributes(),
                                  argv.data(), environment);
  if (error != 0) return fail(Errc::failure, "cannot run " + program + ": " + reason_of(error));
  return child;
}

// Until the end of the output; the deadline and the bound are failures.
Result<std::string> read_output(int fd, const CommandBounds& bounds) {
  std::string output;
  char chunk[4096];
  for (;;) {
    pollfd ready{fd, POLLIN, 0};
    const int count = ::poll(&ready, 1, milliseconds_until(bounds.deadline));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(Errc::failure, "poll: " + reason_of(errno));
    if (count == 0) return fail(Errc::timed_out, "no answer in time");
    const auto size = ::read(fd, chunk, sizeof chunk);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail(Errc::failure, "read: " + reason_of(errno));
    if (size == 0) return output;
    output.append(chunk, static_cast<std::size_t>(size));
    if (output.size() > bounds.output) return fail(Errc::unavailable, "too much output");
  }
}

// False: still running. A child that somebody else has reaped counts as ended.
bool has_ended(pid_t child, SteadyTime deadline) {
  constexpr int kPause =
      2;  // ms; between the end of output and the end of a process there is next to nothing
  for (;;) {
    const auto reaped = ::waitpid(child, nullptr, WNOHANG);
    if (reaped == child || (reaped < 0 && errno == ECHILD)) return true;
    if (milliseconds_until(deadline) == 0) return false;
    ::poll(nullptr, 0, kPause);
  }
}

}  // namespace

Result<std::string> run_bounded(const std::string& program,
                                const std::vector<std::string>& arguments,
                                const CommandBounds& bounds) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(Errc::unavailable, "pipe: " + reason_of(errno));
  const Descriptor reader(ends[0]);
  Descriptor writer(ends[1]);
  const auto child = spawn(program, arguments, writer.get());
  if (!child) return child.error();
  writer.reset();
  auto output = read_output(reader.get(), bounds);
  if (output && has_ended(*child, bounds.deadline)) return output;
  ::kill(-*child, SIGKILL);
  // SIGKILL waits for nothing but a stuck disk; then the zombie is the lesser evil.
  has_ended(*child, std::chrono::steady_clock::now() + milliseconds{500});
  return output ? fail(Errc::timed_out, "does not end") : output;
}

}  // namespace edge::agent
