#include "control/forward/forward_registry.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/text.hpp"
#include "control/forward/forward_control.hpp"
#include "control/json_fields.hpp"
#include "net/unix_listener.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kPatience{2'000}, kUntilGone{15'000};
constexpr std::chrono::hours kLogsStay{7 * 24};  // of forwards that have ended

Error no_such(const std::string& id) {
  return fail(Errc::not_found, "there is no forward '" + printable(id, 64) + "' of yours",
              "edgectl forward ls");
}

// Reads until the end of the line, or until the other side has closed. False: neither in time.
bool read_until(int descriptor, bool until_end, milliseconds patience, std::string& text) {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto left =
        std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd wait{descriptor, POLLIN, 0};
    if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) <= 0) return false;
    std::array<char, 4'096> buffer;
    const auto size = ::recv(descriptor, buffer.data(), buffer.size(), 0);
    if (size <= 0) return true;
    text.append(buffer.data(), static_cast<std::size_t>(size));
    if (text.size() > kMostForwardAnswer) return false;
    if (!until_end && text.back() == '\n') return true;
  }
}

}  // namespace

std::vector<std::string> ForwardRegistry::ids() const {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, ignored)) {
    const auto id = entry.path().stem().string();
    if (entry.path().extension() == ".sock" && is_forward_id(id)) found.push_back(id);
    const bool is_log = entry.path().extension() == ".log" && is_forward_id(id);
    const auto written = entry.last_write_time(ignored);
    if (is_log && !ignored && std::filesystem::file_time_type::clock::now() - written > kLogsStay &&
        !std::filesystem::exists(folder_ / (id + ".sock"), ignored)) {
      std::filesystem::remove(entry.path(), ignored);
      std::filesystem::remove(folder_ / (id + ".log.1"), ignored);
    }
  }
  return found;
}

Result<nlohmann::json> ForwardRegistry::ask(const std::string& id, const char* word,
                                            bool until_gone) const {
  const auto target = net::find_unix_socket(folder_ / (id + ".sock"));
  if (!target) return no_such(id);
  const auto socket = net::connect_unix_target(*target);
  if (!socket) {
    if (socket.error().code == Errc::unreachable) clean_up(id);
    return socket.error().code == Errc::unreachable ? no_such(id) : socket.error();
  }
  const auto line = std::string(word) + "\n";
  std::string text;
  const bool said = ::send(socket->get(), line.data(), line.size(), MSG_NOSIGNAL) ==
                    static_cast<ssize_t>(line.size());
  if (!said || !read_until(socket->get(), false, kPatience, text))
    return fail(Errc::timed_out, "the forward " + id + " does not answer");
  auto answer = nlohmann::json::parse(text, nullptr, false);
  if (!answer.is_object()) return no_such(id);  // it ended in this moment
  if (until_gone && !read_until(socket->get(), true, kUntilGone, text))
    return fail(Errc::timed_out, "the forward " + id + " does not end",
                "kill " + count_at(answer, "process"));
  return json_result(std::move(answer));
}

void ForwardRegistry::clean_up(const std::string& id) const {
  std::error_code ignored;
  std::filesystem::remove(folder_ / (id + ".sock"), ignored);
}

std::vector<nlohmann::json> ForwardRegistry::all() const {
  std::vector<nlohmann::json> found;
  for (const auto& id : ids()) {
    auto status = ask(id, kForwardShow, false);
    if (status) {
      found.push_back(std::move(*status));
    } else if (status.error().code != Errc::not_found) {
      found.push_back({{"id", id}, {"state", "stuck"}, {"last-error", status.error().message}});
    }
  }
  std::sort(found.begin(), found.end(), [](const auto& left, const auto& right) {
    return text_at(left, "since") < text_at(right, "since");
  });
  return found;
}

Result<std::string> ForwardRegistry::find(const std::string& id) const {
  std::vector<std::string> fitting;
  for (const auto& one : ids()) {
    if (!id.empty() && one.starts_with(id)) fitting.push_back(one);
  }
  if (fitting.empty()) return no_such(id);
  if (fitting.size() > 1)
    return fail(Errc::conflict, "several forwards begin with '" + printable(id, 64) + "'",
                "edgectl forward ls");
  return fitting.front();
}

Result<nlohmann::json> ForwardRegistry::show(const std::string& id) const {
  const auto one = find(id);
  if (!one) return one.error();
  return ask(*one, kForwardShow, false);
}

Result<nlohmann::json> ForwardRegistry::stop(const std::string& id) const {
  const auto one = find(id);
  if (!one) return one.error();
  return ask(*one, kForwardStop, true);
}

}  // namespace edge::control
