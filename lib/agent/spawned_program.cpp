#include "agent/spawned_program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "agent/process_handle.hpp"

namespace edge::agent {
namespace {

constexpr int kControl = 3;

// The two attribute objects of posix_spawn.
class SpawnSettings {
 public:
  explicit SpawnSettings(int control) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDWR, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, STDIN_FILENO, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, control, kControl);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, kControl + 1);
    sigset_t all;
    sigset_t none;
    ::sigfillset(&all);
    ::sigemptyset(&none);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  // An errno, 0 when it runs.
  int spawn(pid_t& process, const std::string& program) const {
    char name[] = "edge-agent";
    char command[] = "session";
    char* arguments[] = {name, command, nullptr};
    return ::posix_spawn(&process, program.c_str(), &actions_, &attributes_, arguments, environ);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

}  // namespace

SpawnedProgram::SpawnedProgram(boost::asio::any_io_executor executor, pid_t process)
    : process_(process), handle_(std::move(executor)) {}

SpawnedProgram::~SpawnedProgram() {
  reap();
}

Result<std::shared_ptr<SpawnedProgram>> SpawnedProgram::spawn_session(
    boost::asio::any_io_executor executor, const std::string& program, Descriptor control) {
  pid_t process = 0;
  const SpawnSettings settings(control.get());
  if (const int error = settings.spawn(process, program); error != 0) {
    return fail(Errc::unavailable, "cannot run " + program + ": " + std::strerror(error));
  }
  std::shared_ptr<SpawnedProgram> spawned(new SpawnedProgram(std::move(executor), process));
  if (auto watched = spawned->watch(); !watched) {
    spawned->kill();
    ::waitpid(process, nullptr, 0);  // at once: it was killed
    spawned->process_ = 0;
    return watched.error();
  }
  return spawned;
}

Result<void> SpawnedProgram::watch() {
  boost::system::error_code error;
  auto handle = open_process(process_);
  if (handle) handle_.assign(handle.get(), error);
  if (!handle || error) {
    return fail(Errc::unavailable,
                "cannot watch the session process: " +
                    (handle ? error.message() : std::string(std::strerror(errno))),
                "the node needs Linux 5.3 or newer");
  }
  handle.release();
  handle_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](boost::system::error_code) { self->reap(); });
  return {};
}

void SpawnedProgram::kill() {
  if (process_ != 0) ::kill(process_, SIGKILL);
}

void SpawnedProgram::reap() {
  if (process_ != 0 && ::waitpid(process_, nullptr, WNOHANG) == process_) process_ = 0;
}

}  // namespace edge::agent
