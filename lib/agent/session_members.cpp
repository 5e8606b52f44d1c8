#include "agent/session_members.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <array>
#include <charconv>
#include <memory>
#include <string>

#include "agent/process_handle.hpp"

namespace edge::agent {
namespace {

constexpr std::size_t kMostEntries = 200'000;  // of /proc, in one walk

std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

std::optional<pid_t> number(std::string_view text) {
  pid_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

bool lives_in(pid_t process, pid_t session) {
  const auto path = "/proc/" + std::to_string(process) + "/stat";
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 512>
      buffer;  // the session is the sixth field, the name before it has 64 bytes at most
  const auto size = file ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
  if (size <= 0) return false;
  const auto stat = parse_process_stat({buffer.data(), static_cast<std::size_t>(size)});
  return stat && stat->session == session && stat->state != 'Z' && stat->state != 'X';
}

template <class Visit>
std::size_t each_member(pid_t session, Visit visit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> processes(::opendir("/proc"), ::closedir);
  std::size_t members = 0;
  for (std::size_t seen = 0; processes && seen < kMostEntries; ++seen) {
    const auto* entry = ::readdir(processes.get());
    if (!entry) break;
    const auto process = number(entry->d_name);
    if (!process || ::getsid(*process) != session) continue;
    const auto handle = open_process(*process);
    if (!handle || !lives_in(*process, session)) continue;
    ++members;
    visit(handle);
  }
  return members;
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  const auto name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return {};
  text.remove_prefix(name_end + 1);
  const auto state = next_word(text);
  next_word(text);  // parent
  next_word(text);  // process group
  const auto session = number(next_word(text));
  if (state.size() != 1 || !session) return {};
  return ProcessStat{state.front(), *session};
}

std::size_t signal_members(pid_t session, std::initializer_list<int> signals) {
  return each_member(session, [&](const Descriptor& process) {
    for (const int signal : signals) signal_process(process, signal);
  });
}

std::size_t count_members(pid_t session) {
  return each_member(session, [](const Descriptor&) {});
}

}  // namespace edge::agent
