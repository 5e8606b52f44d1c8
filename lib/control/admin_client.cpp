#include "control/admin_client.hpp"

#include <httplib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "control/json_fields.hpp"

// Debian's library was built with these, and they change the size of httplib::Request: without them
// the stack is overwritten. pkg-config --cflags cpp-httplib sets them.
#ifndef CPPHTTPLIB_OPENSSL_SUPPORT
#error "build with the flags of pkg-config cpp-httplib"
#endif

namespace edge::control {
namespace {

// 15,000 endpoints take about 12 MB in a list.
constexpr std::size_t kLargestAnswer = 64UL << 20U;
constexpr const char* kGroupHint =
    "sudo usermod -aG edge $USER, then log in again (the group edge may use the admin socket)";

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// edged says something every second.
constexpr std::chrono::seconds kLongestSilence{15};
constexpr std::size_t kLongestLine = 4UL << 20U;

void prepare(httplib::Client& client, milliseconds deadline) {
  client.set_address_family(AF_UNIX);
  client.set_default_headers({{"Host", "edge"}, {"Accept", "application/json"}});
  client.set_connection_timeout(deadline);
  client.set_read_timeout(deadline);
  client.set_write_timeout(deadline);
}

bool could_connect(const httplib::Result& result) {
  return result.error() != httplib::Error::Connection &&
         result.error() != httplib::Error::ConnectionTimeout;
}

// Cuts a stream into lines.
class Lines {
 public:
  explicit Lines(const AdminClient::OnLine& on_line) : on_line_(on_line) {}

  // False: no more are wanted, or one does not end.
  bool add(std::string_view bytes) {
    rest_.append(bytes);
    std::size_t from = 0;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', from)) {
      if (!on_line_(std::string_view(rest_).substr(from, end - from))) {
        wanted_ = false;
        return false;
      }
      from = end + 1;
    }
    rest_.erase(0, from);
    return rest_.size() <= kLongestLine;
  }
  bool wanted() const { return wanted_; }

 private:
  const AdminClient::OnLine& on_line_;
  std::string rest_;
  bool wanted_ = true;
};

// cpp-httplib does not say why connecting failed, so it is tried once more by hand. 0: it works
// now.
int why_not_connected(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  const int failed = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int reason = failed == 0 ? 0 : errno;
  ::close(fd);
  return reason;
}

Errc code_of_status(int status) {
  switch (status) {
    case 400:
    case 405:
    case 413:
    case 415:
      return Errc::usage;
    case 401:
    case 403:
      return Errc::not_allowed;
    case 404:
      return Errc::not_found;
    case 408:
      return Errc::timed_out;
    case 409:
      return Errc::conflict;
    case 410:
      return Errc::removed;
    case 429:
    case 503:
      return Errc::unavailable;
    default:
      return Errc::failure;
  }
}

std::string text_field(const nlohmann::json& object, const char* key) {
  const auto field = object.find(key);
  return field != object.end() && field->is_string() ? field->get<std::string>() : std::string();
}

}  // namespace

Error error_of_answer(int status, const std::string& body) {
  const auto parsed = nlohmann::json::parse(body, nullptr, false);
  if (parsed.is_object() && parsed.contains("error") && parsed["error"].is_object()) {
    const auto& error = parsed["error"];
    const std::string code = text_field(error, "code");
    const std::string message = text_field(error, "message");
    if (!code.empty() && !message.empty()) {
      return fail(errc_from_string(code), message, text_field(error, "hint"));
    }
  }
  return fail(code_of_status(status),
              "edged answered " + std::to_string(status) + " without saying why",
              "edgectl version, to see whether edgectl and edged belong together");
}

std::string percent_encode(std::string_view text) {
  constexpr const char* kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 0xFU];
  }
  return out;
}

std::string endpoint_path(std::string_view name, std::string_view rest) {
  return "/v1/endpoints/" + percent_encode(name) + std::string(rest);
}

Error unreachable(const std::string& socket, int error_number) {
  const std::string reason = error_number == 0 ? std::string("it closed the connection")
                                               : std::generic_category().message(error_number);
  const bool refused = error_number == EACCES || error_number == EPERM;
  return fail(refused ? Errc::not_allowed : Errc::unreachable,
              "cannot reach edged at " + socket + ": " + reason,
              refused ? kGroupHint : "systemctl status edged, or --socket PATH for another one");
}

Result<nlohmann::json> AdminClient::get(const std::string& path) const {
  return send("GET", path, {});
}

Result<nlohmann::json> AdminClient::post(const std::string& path,
                                         const nlohmann::json& body) const {
  return send("POST", path, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

Result<nlohmann::json> AdminClient::patch(const std::string& path,
                                          const nlohmann::json& body) const {
  return send("PATCH", path, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

Result<nlohmann::json> AdminClient::remove(const std::string& path) const {
  return send("DELETE", path, {});
}

Error AdminClient::broken(const std::string& reason, bool connected, bool late) const {
  if (late) {
    return fail(Errc::timed_out,
                "edged at " + socket_ + " did not answer within " + format_duration(deadline_),
                "--timeout for more patience; systemctl status edged");
  }
  if (!connected) return unreachable(socket_, why_not_connected(socket_));
  return fail(Errc::unreachable, "edged at " + socket_ + " broke off: " + reason,
              "systemctl status edged");
}

Result<std::string> AdminClient::get_text(const std::string& path) const {
  return send_for_text("GET", path, {});
}

Result<std::string> AdminClient::post_text(const std::string& path,
                                           const nlohmann::json& body) const {
  return send_for_text("POST", path,
                       body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

Result<nlohmann::json> AdminClient::send(const char* method, const std::string& path,
                                         const std::string& body) const {
  const auto answer = send_for_text(method, path, body);
  if (!answer) return answer.error();
  if (answer->empty()) return json_result(nullptr);
  auto parsed = nlohmann::json::parse(*answer, nullptr, false);
  if (parsed.is_discarded())
    return fail(Errc::failure, "edged answered with something else than JSON");
  return json_result(std::move(parsed));
}

Result<std::string> AdminClient::send_for_text(const char* method, const std::string& path,
                                               const std::string& body) const {
  const auto end = std::chrono::steady_clock::now() + deadline_;
  const auto is_late = [&] { return std::chrono::steady_clock::now() >= end; };

  httplib::Client client(socket_, 80);
  prepare(client, deadline_);

  std::string answer;
  bool too_large = false;
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.body = body;
  if (!body.empty()) request.set_header("Content-Type", "application/json");
  request.content_receiver = [&](const char* bytes, std::size_t size, std::uint64_t,
                                 std::uint64_t) {
    too_large = answer.size() + size > kLargestAnswer;
    if (too_large || is_late()) return false;
    answer.append(bytes, size);
    return true;
  };

  const auto result = client.send(request);
  if (too_large) return fail(Errc::failure, "edged answered with more than 64 MB");
  if (!result) {
    return broken(httplib::to_string(result.error()), could_connect(result), is_late());
  }
  if (result->status < 200 || result->status > 299) {
    return error_of_answer(result->status, answer);
  }
  return answer;
}

Result<void> AdminClient::follow(const std::string& path, const OnLine& on_line) const {
  httplib::Client client(socket_, 80);
  prepare(client, deadline_);
  client.set_read_timeout(std::max<milliseconds>(deadline_, kLongestSilence));
  int status = 0;
  std::string refusal;
  Lines lines(on_line);
  httplib::Request request;
  request.method = "GET";
  request.path = path;
  request.response_handler = [&status](const httplib::Response& head) {
    status = head.status;
    return true;
  };
  request.content_receiver = [&](const char* bytes, std::size_t size, std::uint64_t,
                                 std::uint64_t) {
    if (status == 200) return lines.add({bytes, size});
    refusal.append(bytes, size);
    return refusal.size() <= kLongestLine;
  };
  const auto result = client.send(request);
  if (!lines.wanted()) return {};
  if (status != 0 && status != 200) return error_of_answer(status, refusal);
  if (!result && status == 0) {
    return broken(httplib::to_string(result.error()), could_connect(result), false);
  }
  return fail(Errc::unreachable, "edged at " + socket_ + " has gone", "systemctl status edged");
}

}  // namespace edge::control
