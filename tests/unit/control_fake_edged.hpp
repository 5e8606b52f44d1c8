// A little edged for the tests of edgectl: answers on a Unix socket what it was told to, and
// remembers what it was asked.
#pragma once

#include <doctest/doctest.h>
#include <httplib.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

namespace edgectl_test {

class FakeEdged {
 public:
  FakeEdged() {
    std::string folder = (std::filesystem::temp_directory_path() / "edged-XXXXXX").string();
    REQUIRE(mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    const auto answer = [this](const httplib::Request& request, httplib::Response& response) {
      on_request(request, response);
    };
    server_.Get(".*", answer);
    server_.Post(".*", answer);
    server_.Patch(".*", answer);
    server_.Delete(".*", answer);
    server_.set_address_family(AF_UNIX);
    REQUIRE(server_.bind_to_port(socket().c_str(), 80));
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~FakeEdged() {
    server_.stop();
    thread_.join();
    std::filesystem::remove_all(folder_);
  }
  FakeEdged(const FakeEdged&) = delete;
  FakeEdged& operator=(const FakeEdged&) = delete;

  std::string socket() const { return (folder_ / "admin.sock").string(); }
  const std::filesystem::path& folder() const { return folder_; }

  // "GET /v1/status" -> status and body
  void answer_text(const std::string& request, int status, const std::string& body) {
    const std::lock_guard lock(mutex_);
    answers_[request] = {status, body};
  }
  void answer(const std::string& request, int status, const nlohmann::json& body) {
    answer_text(request, status, body.dump());
  }
  // "POST /v1/endpoints {...}" in the order of arrival
  std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  void on_request(const httplib::Request& request, httplib::Response& response) {
    const std::lock_guard lock(mutex_);
    const std::string line = request.method + " " + request.target;
    asked_.push_back(request.body.empty() ? line : line + " " + request.body);
    const auto found = answers_.find(line);
    response.status = found == answers_.end() ? 500 : found->second.first;
    if (found != answers_.end() && !found->second.second.empty()) {
      response.set_content(found->second.second, "application/json");
    }
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::pair<int, std::string>> answers_;
  std::vector<std::string> asked_;
  std::filesystem::path folder_;
  httplib::Server server_;
  std::thread thread_;
};

}  // namespace edgectl_test
