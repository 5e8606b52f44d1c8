// A program of ours with a control socket, and nobody's zombie.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <string>

#include "base/descriptor.hpp"
#include "base/error.hpp"

namespace edge::agent {

// Shared with the wait for its end, which outlives the one who spawned it: the executor has work
// until then.
class SpawnedProgram : public std::enable_shared_from_this<SpawnedProgram> {
 public:
  // `program session`, in a Unix session of its own, signals at their defaults. It has /dev/null as
  // descriptors 0 and 1, this program's stderr, `control` as 3, and no other.
  static Result<std::shared_ptr<SpawnedProgram>> spawn_session(
      boost::asio::any_io_executor executor, const std::string& program, Descriptor control);
  ~SpawnedProgram();
  SpawnedProgram(const SpawnedProgram&) = delete;
  SpawnedProgram& operator=(const SpawnedProgram&) = delete;

  void kill();

 private:
  SpawnedProgram(boost::asio::any_io_executor executor, pid_t process);
  Result<void> watch();
  void reap();

  pid_t process_;  // 0 when reaped
  boost::asio::posix::stream_descriptor handle_;
};

}  // namespace edge::agent
