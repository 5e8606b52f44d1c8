// The subsystem edge-sums: requests in, answers out, one after the other, until the input's end.
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "agent/followed_files.hpp"
#include "agent/subsystems.hpp"
#include "base/packed.hpp"

namespace edge::agent {
namespace {

constexpr std::size_t kRead = 64 * 1024;
constexpr std::size_t kWrite = 64 * 1024;  // answers go together while requests wait

bool write_all(int out, std::string& bytes) {
  std::string_view left = bytes;
  while (!left.empty()) {
    const auto written = ::write(out, left.data(), left.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) left.remove_prefix(static_cast<std::size_t>(written));
  }
  bytes.clear();
  return true;
}

// False: the end, or nobody is there.
bool read_more(int in, std::string& bytes) {
  const auto had = bytes.size();
  bytes.resize(had + kRead);
  ssize_t got = 0;
  do {
    got = ::read(in, bytes.data() + had, kRead);
  } while (got < 0 && errno == EINTR);
  bytes.resize(had + static_cast<std::size_t>(got < 0 ? 0 : got));
  return got > 0;
}

std::string hello() {
  wire::SumsAnswer answer;
  answer.kind = wire::SumsAnswer::Kind::hello;
  answer.hello = {wire::kSumsVersion, ::geteuid(), ::getegid()};
  return wire::print(answer);
}

}  // namespace

int serve_sums(int in, int out) {
  ::prctl(PR_SET_NAME, "edge-sums");
  FollowedFiles files;
  std::string arrived, answers = hello();
  while (write_all(out, answers) && read_more(in, arrived)) {
    std::string_view left = arrived;
    while (left.size() >= 4) {
      const auto size = packed_length(left);
      if (size > wire::kMostSumsRequest) return EXIT_FAILURE;
      if (left.size() < 4 + size) break;
      const auto request = wire::parse_sums_request(left.substr(4, size));
      if (!request) return EXIT_FAILURE;
      if (const auto answer = files.take(*request)) answers += wire::print(*answer);
      if (answers.size() >= kWrite && !write_all(out, answers)) return EXIT_FAILURE;
      left.remove_prefix(4 + size);
    }
    arrived.erase(0, arrived.size() - left.size());
  }
  return EXIT_SUCCESS;
}

}  // namespace edge::agent
