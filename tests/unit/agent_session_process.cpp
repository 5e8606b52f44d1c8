#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <sstream>

#include "agent/session_process.hpp"
#include "agent_session_driver.hpp"
#include "base/descriptor.hpp"

using namespace session_test;
using edge::Descriptor;

namespace {

std::string lines_of(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

awaitable<void> statuses() {
  for (const int status : {0, 1, 42, 255}) {
    const auto all = co_await run(command("exit " + std::to_string(status)));
    CHECK(all.end.status == status);
    CHECK(all.end.signal.empty());
    CHECK(all.end.message.empty());
  }
}

awaitable<void> signal_ends() {
  for (const char* name : {"TERM", "KILL", "USR1", "SEGV"}) {
    const auto all = co_await run(command("kill -" + std::string(name) + " $$"));
    CHECK(all.end.signal == name);
    CHECK(all.end.status == 0);
  }
}

awaitable<void> two_outputs() {
  const auto all = co_await run(command("echo one; echo two >&2"));
  CHECK(all.output == "one\n");
  CHECK(all.errors == "two\n");
}

awaitable<void> output_after_input_ended() {
  auto session = co_await start(command("cat >/dev/null; echo late"));
  co_await write(*session, "text");
  session->close_input();
  const auto all = co_await outcome(std::move(session));
  CHECK(all.output == "late\n");
  CHECK(all.end.status == 0);
}

constexpr std::size_t kVolume = 50'000'000;
constexpr std::size_t kPeriod = 1'000'003;

std::string binary_block() {
  std::string block(kPeriod, '\0');
  std::uint32_t number = 1;
  for (auto& byte : block)
    byte = static_cast<char>((number = number * 1'664'525 + 1'013'904'223) >> 24);
  return block;
}

// How much went in before it stopped.
std::size_t fill(SessionProcess& session, const std::string& block) {
  session.input().non_blocking(true);
  boost::system::error_code error;
  std::size_t sent = 0;
  while (!error && sent < kVolume) {
    const auto from = asio::buffer(block) + sent % kPeriod;
    sent += session.input().write_some(from, error);
  }
  CHECK(error == asio::error::would_block);
  return sent;
}

awaitable<void> send_rest(SessionProcess& session, const std::string& block, std::size_t sent) {
  while (sent < kVolume) {
    const auto from = asio::buffer(asio::buffer(block) + sent % kPeriod, kVolume - sent);
    const auto [error, size] = co_await session.input().async_write_some(from, kNoThrow);
    REQUIRE_FALSE(error);
    sent += size;
  }
  session.close_input();
}

awaitable<std::size_t> receive_same(SessionProcess& session, const std::string& block) {
  std::string chunk(64 * 1024, '\0');
  std::size_t received = 0;
  for (;;) {
    const auto most = std::min(chunk.size(), kPeriod - received % kPeriod);
    const auto [error, size] =
        co_await session.output().async_read_some(asio::buffer(chunk.data(), most), kNoThrow);
    REQUIRE(block.compare(received % kPeriod, size, chunk, 0, size) == 0);
    received += size;
    if (error) co_return received;
  }
}

awaitable<void> much_both_ways() {
  using namespace asio::experimental::awaitable_operators;
  const auto block = binary_block();
  auto session = co_await start(command("exec cat"));
  const auto sent = fill(*session, block);
  CHECK(sent < 1'000'000);
  const auto received =
      co_await (receive_same(*session, block) && send_rest(*session, block, sent));
  CHECK(received == kVolume);
  CHECK((co_await session->ended()).status == 0);
}

awaitable<void> clean_environment() {
  ::setenv("EDGE_TEST_SECRET", "must not be seen", 1);
  ::setenv("TZ", "Europe/Berlin", 1);
  const auto old_mask = ::umask(077);
  auto request = command("tr '\\0' '\\n' </proc/$$/environ; umask; pwd");
  request.environment = {{"LANG", "de_DE.UTF-8"}, {"LC_TEXT", "a=b c\xff"}, {"USER", "somebody"}};
  const auto all = co_await run(request);
  ::unsetenv("TZ");
  ::umask(old_mask);
  const auto* entry = ::getpwnam(own_account().c_str());
  std::istringstream output(all.output);
  std::vector<std::string> lines;
  for (std::string line; std::getline(output, line);) lines.push_back(line);
  const std::string home = entry->pw_dir;
  const auto folder = std::filesystem::canonical(home).string();
  const std::string path = is_root()
                               ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
                               : "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games";
  CHECK(lines_of(lines) ==
        lines_of({"HOME=" + home, "USER=" + own_account(), "LOGNAME=" + own_account(),
                  "SHELL=/bin/sh", "PATH=" + path, "MAIL=/var/mail/" + own_account(),
                  "TZ=Europe/Berlin", "LANG=de_DE.UTF-8", "LC_TEXT=a=b c\xff",
                  "EDGE_SESSION=s-test", "0022", folder}));
}

awaitable<void> login_shell() {
  auto session = co_await start(command(""));
  co_await write(*session, "echo name=$0\nexit 3\n");
  const auto all = co_await outcome(std::move(session));
  CHECK(all.output.find("name=-sh\n") != std::string::npos);
  CHECK(all.end.status == 3);
}

awaitable<void> only_three_descriptors(std::string marker) {
  const auto all =
      co_await run(command("for f in /proc/$$/fd/*; do [ -e $f ] && echo ${f##*/}; done; "
                           "readlink /proc/$PPID/fd/* >&2"));
  CHECK(all.output == "0\n1\n2\n");
  CHECK(all.errors.find("socket:") != std::string::npos);
  CHECK(all.errors.find(marker) == std::string::npos);
}

awaitable<void> default_signals() {
  const auto all = co_await run(command("grep -E '^Sig(Blk|Ign)' /proc/self/status"));
  CHECK(all.output == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

awaitable<void> forwarded_signal() {
  auto session = co_await start(
      command("trap 'echo caught; exit 9' USR1; echo ready; while :; do read x; done"));
  co_await read_until(session->output(), "ready\n");
  session->signal("NONSENSE");
  session->signal("USR1");
  const auto all = co_await outcome(std::move(session));
  CHECK(all.output == "caught\n");
  CHECK(all.end.status == 9);
}

std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator folder("/proc/self/fd");
  return std::distance(begin(folder), end(folder));
}

}  // namespace

TEST_CASE("a session tells the exit status of its command") {
  drive(statuses());
}

TEST_CASE("a session tells the signal that ended its command") {
  drive(signal_ends());
}

TEST_CASE("a session without a terminal keeps output and error output apart") {
  drive(two_outputs());
}

TEST_CASE("output still arrives after the input was closed") {
  drive(output_after_input_ended());
}

TEST_CASE("50 MB of bytes go through unchanged, and a reader that waits stops the writer") {
  drive(much_both_ways());
}

TEST_CASE("a shell finds a clean environment, its home and a umask") {
  drive(clean_environment());
}

TEST_CASE("a session without a command is a login shell") {
  drive(login_shell());
}

TEST_CASE("a shell inherits no descriptor and the agent keeps none") {
  // Without close-on-exec, as a careless library would open it.
  std::string marker = (std::filesystem::temp_directory_path() / "edge-leak-XXXXXX").string();
  const Descriptor file(::mkstemp(marker.data()));
  const Descriptor leak(::fcntl(file.get(), F_DUPFD, 100));  // a number that nothing else takes
  REQUIRE(leak);
  const auto before = open_descriptors();
  drive(only_three_descriptors(marker));
  CHECK(open_descriptors() == before);
  std::filesystem::remove(marker);
}

TEST_CASE("a shell starts with no signal blocked or ignored") {
  drive(default_signals());
}

TEST_CASE("a signal reaches the command, and an unknown one is passed over") {
  drive(forwarded_signal());
}
