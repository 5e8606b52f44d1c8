// edgectl's side of docs/admin-api.md: one request, one JSON answer, errors as the daemon worded
// them. Thread rule: one thread at a time. A connection a request; nothing is kept open.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"

namespace edge::control {

class AdminClient {
 public:
  // The deadline covers a whole request and its answer.
  AdminClient(std::string socket, milliseconds deadline)
      : socket_(std::move(socket)), deadline_(deadline) {}

  // Paths are as in docs/admin-api.md. Everything but 2xx is an Error with the daemon's code,
  // message and hint; Errc::unreachable when nobody answers on the socket, not_allowed when it may
  // not be opened.
  Result<nlohmann::json> get(const std::string& path) const;
  Result<nlohmann::json> post(const std::string& path, const nlohmann::json& body) const;
  Result<nlohmann::json> patch(const std::string& path, const nlohmann::json& body) const;
  Result<nlohmann::json> remove(const std::string& path) const;  // DELETE
  // The answer as edged wrote it, for who only hands it on: parsing 15,000 endpoints takes longer
  // than getting them.
  Result<std::string> get_text(const std::string& path) const;
  Result<std::string> post_text(const std::string& path, const nlohmann::json& body) const;

  // A stream of lines, each without its end, for as long as `on_line` gives true.
  // Errc::unreachable: edged has gone; anything else is its refusal.
  using OnLine = std::function<bool(std::string_view line)>;
  Result<void> follow(const std::string& path, const OnLine& on_line) const;

  const std::string& socket() const noexcept { return socket_; }
  milliseconds deadline() const noexcept { return deadline_; }
  // The same daemon with more (or less) patience.
  AdminClient with_deadline(milliseconds deadline) const { return {socket_, deadline}; }

 private:
  Result<nlohmann::json> send(const char* method, const std::string& path,
                              const std::string& body) const;
  Result<std::string> send_for_text(const char* method, const std::string& path,
                                    const std::string& body) const;
  Error broken(const std::string& reason, bool connected, bool late) const;

  std::string socket_;
  milliseconds deadline_;
};

// The daemon's error body as an Error; for what is not in the API's form, what the status says.
Error error_of_answer(int status, const std::string& body);

std::string percent_encode(std::string_view text);
// "/v1/endpoints/NAME" plus what follows, with the name percent-encoded.
std::string endpoint_path(std::string_view name, std::string_view rest = {});

// Why the socket cannot be reached: "cannot reach edged at PATH: no such file" with the next step.
// Also for connect, whose streams do not go through AdminClient.
Error unreachable(const std::string& socket, int error_number);

}  // namespace edge::control
