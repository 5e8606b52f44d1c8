#include "agent/control_message.hpp"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "agent/subsystems.hpp"

namespace edge::agent {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxName = 256;
constexpr std::size_t kMaxPath = 4'096;
constexpr std::size_t kMaxCommand = 96 * 1024;
constexpr std::size_t kMaxVariables = 128;
constexpr std::size_t kMaxEnvironment = 16 * 1024;  // names and values together

json bytes(const std::string& text) {
  return json::binary(std::vector<std::uint8_t>(text.begin(), text.end()));
}

std::string text(const json& value) {
  const auto& content = value.get_binary();
  return {content.begin(), content.end()};
}

std::string pack(const json& message) {
  std::string packet;
  json::to_cbor(message, packet);
  return packet;
}

json to_json(const WindowSize& size) {
  return json::array({size.columns, size.rows, size.x_pixels, size.y_pixels});
}

WindowSize window_size(const json& value) {
  return {value.at(0).get<std::uint16_t>(), value.at(1).get<std::uint16_t>(),
          value.at(2).get<std::uint16_t>(), value.at(3).get<std::uint16_t>()};
}

json to_json(const std::optional<SocketRules>& rules) {
  if (!rules) return {};
  json lists = json::array({json::array(), json::array()});
  for (const auto& entry : rules->targets) lists[0].push_back(bytes(entry));
  for (const auto& entry : rules->listens) lists[1].push_back(bytes(entry));
  return lists;
}

std::optional<SocketRules> socket_rules(const json& value) {
  if (value.is_null()) return std::nullopt;
  SocketRules rules;
  for (const auto& entry : value.at(0)) rules.targets.push_back(text(entry));
  for (const auto& entry : value.at(1)) rules.listens.push_back(text(entry));
  return rules;
}

json to_json(const SessionRequest& request) {
  json environment = json::array();
  for (const auto& [name, value] : request.environment) {
    environment.push_back({bytes(name), bytes(value)});
  }
  return {{"kind", "run"},
          {"session", bytes(request.session)},
          {"account", bytes(request.account)},
          {"pty", request.pty ? to_json(*request.pty) : json()},
          {"terminal", bytes(request.terminal)},
          {"modes", bytes(request.modes)},
          {"command", bytes(request.command)},
          {"subsystem", bytes(request.subsystem)},
          {"shell", bytes(request.shell)},
          {"environment", std::move(environment)},
          {"grace", request.hang_up_grace.count()},
          {"agent", request.forward_agent},
          {"check", request.only_check},
          {"sockets", to_json(request.sockets)},
          {"from", bytes(request.from)},
          {"needs-pam", request.needs_pam}};
}

SessionRequest session_request(const json& message) {
  SessionRequest request;
  request.session = text(message.at("session"));
  request.account = text(message.at("account"));
  if (!message.at("pty").is_null()) request.pty = window_size(message.at("pty"));
  request.terminal = text(message.at("terminal"));
  request.modes = text(message.at("modes"));
  request.command = text(message.at("command"));
  request.subsystem = text(message.at("subsystem"));
  request.shell = text(message.at("shell"));
  for (const auto& pair : message.at("environment")) {
    request.environment.emplace_back(text(pair.at(0)), text(pair.at(1)));
  }
  request.hang_up_grace = milliseconds{message.at("grace").get<std::int64_t>()};
  request.forward_agent = message.at("agent").get<bool>();
  request.only_check = message.at("check").get<bool>();
  request.sockets = socket_rules(message.at("sockets"));
  request.from = text(message.at("from"));
  request.needs_pam = message.at("needs-pam").get<bool>();
  return request;
}

json to_json(const SignalOrder& order) {
  return {{"kind", "signal"}, {"name", bytes(order.name)}};
}

json to_json(const Started& started) {
  return {{"kind", "started"}, {"shell", started.shell}};
}

json to_json(const Refused& refused) {
  return {{"kind", "refused"},
          {"code", to_string(refused.reason.code)},
          {"message", bytes(refused.reason.message)},
          {"hint", bytes(refused.reason.hint)}};
}

json to_json(const SessionEnd& end) {
  return {{"kind", "ended"},
          {"status", end.status},
          {"signal", bytes(end.signal)},
          {"core", end.core_dumped},
          {"message", bytes(end.message)}};
}

Order order_from(const json& message) {
  const auto kind = message.at("kind").get<std::string>();
  if (kind == "run") return session_request(message);
  if (kind == "signal") return SignalOrder{text(message.at("name"))};
  throw std::invalid_argument("unknown kind");
}

Report report_from(const json& message) {
  const auto kind = message.at("kind").get<std::string>();
  if (kind == "started") return Started{message.at("shell").get<pid_t>()};
  if (kind == "refused") {
    return Refused{Error{errc_from_string(message.at("code").get<std::string>()),
                         text(message.at("message")), text(message.at("hint"))}};
  }
  if (kind == "ended") {
    return SessionEnd{message.at("status").get<int>(), text(message.at("signal")),
                      message.at("core").get<bool>(), text(message.at("message"))};
  }
  throw std::invalid_argument("unknown kind");
}

template <class Message, class From>
Result<Message> decode(std::string_view packet, From from) {
  if (packet.size() > kMaxPacket) return fail(Errc::usage, "a control message is too long");
  try {
    return from(json::from_cbor(packet.begin(), packet.end()));
  } catch (const std::exception& problem) {
    return fail(Errc::usage, std::string("a control message cannot be read: ") + problem.what());
  }
}

Result<void> check_text(const char* field, const std::string& value, std::size_t most) {
  if (value.size() > most) {
    return fail(Errc::usage, std::string("the ") + field +
                                 " is too long: " + std::to_string(value.size()) +
                                 " bytes, at most " + std::to_string(most));
  }
  if (value.find('\0') != std::string::npos) {
    return fail(Errc::usage, std::string("the ") + field + " holds a zero byte");
  }
  return {};
}

Result<void> check_environment(const SessionRequest& request) {
  if (request.environment.size() > kMaxVariables) {
    return fail(Errc::usage, "too many variables: " + std::to_string(request.environment.size()) +
                                 ", at most " + std::to_string(kMaxVariables));
  }
  std::string all;
  for (const auto& [name, value] : request.environment) {
    if (name.empty() || name.find('=') != std::string::npos) {
      return fail(Errc::usage, "a variable's name is empty or holds '='");
    }
    all += name + value;
  }
  return check_text("environment", all, kMaxEnvironment);
}

}  // namespace

Result<void> check(const SessionRequest& request) {
  if (request.account.empty()) return fail(Errc::usage, "the request names no account");
  const struct {
    const char* name;
    const std::string& value;
    std::size_t most;
  } fields[] = {{"session id", request.session, kMaxName},
                {"account's name", request.account, kMaxName},
                {"terminal's name", request.terminal, kMaxName},
                {"command", request.command, kMaxCommand},
                {"shell's path", request.shell, kMaxPath},
                {"operator's address", request.from, kMaxName}};
  for (const auto& field : fields) {
    if (auto good = check_text(field.name, field.value, field.most); !good) return good;
  }
  if (!request.subsystem.empty() && find_subsystem(request.subsystem) == nullptr) {
    return fail(Errc::usage, "there is no such subsystem");
  }
  if (request.modes.size() > kMaxPath) return fail(Errc::usage, "too many terminal modes");
  return check_environment(request);
}

std::string encode(const Order& order) {
  return std::visit([](const auto& message) { return pack(to_json(message)); }, order);
}

std::string encode(const Report& report) {
  return std::visit([](const auto& message) { return pack(to_json(message)); }, report);
}

Result<Order> decode_order(std::string_view packet) {
  return decode<Order>(packet, order_from);
}

Result<Report> decode_report(std::string_view packet) {
  return decode<Report>(packet, report_from);
}

}  // namespace edge::agent
