#include <doctest/doctest.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/admin_client.hpp"
#include "control_fake_edged.hpp"

using namespace edge;
using namespace edge::control;
using edgectl_test::FakeEdged;

namespace {

constexpr milliseconds kPatience{5000};

// Accepts connections and never says a word.
class Mute {
 public:
  explicit Mute(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    REQUIRE(::listen(fd_, 5) == 0);
  }
  ~Mute() { ::close(fd_); }
  Mute(const Mute&) = delete;
  Mute& operator=(const Mute&) = delete;

 private:
  int fd_;
};

}  // namespace

TEST_CASE("the admin client sends a body and gives the parsed answer") {
  FakeEdged edged;
  edged.answer("POST /v1/endpoints", 201, nlohmann::json{{"token", "t"}});
  edged.answer_text("DELETE /v1/endpoints/a", 204, std::string());
  const AdminClient client(edged.socket(), kPatience);
  const auto answer = client.post("/v1/endpoints", {{"name", "a"}});
  REQUIRE(answer.has_value());
  CHECK((*answer)["token"] == "t");
  const auto removed = client.remove("/v1/endpoints/a");
  REQUIRE(removed.has_value());
  CHECK(removed->is_null());
  CHECK(edged.asked() ==
        std::vector<std::string>{R"(POST /v1/endpoints {"name":"a"})", "DELETE /v1/endpoints/a"});
}

TEST_CASE("an error of the API keeps its code, message and hint") {
  FakeEdged edged;
  edged.answer_text("GET /v1/endpoints/x", 503,
                    R"({"error": {"code": "offline", "message": "x is offline", "hint": "wait"}})");
  const auto answer = AdminClient(edged.socket(), kPatience).get("/v1/endpoints/x");
  REQUIRE(!answer);
  CHECK(answer.error().code == Errc::offline);
  CHECK(answer.error().message == "x is offline");
  CHECK(answer.error().hint == "wait");
}

TEST_CASE("an answer in no form of ours still becomes an error with the status's code") {
  struct Row {
    int status;
    const char* body;
    Errc code;
  };
  for (const auto& row : {Row{404, "<html>", Errc::not_found}, Row{409, "{}", Errc::conflict},
                          Row{410, R"({"error": "x"})", Errc::removed}, Row{500, "", Errc::failure},
                          Row{503, R"({"error": {"code": 1}})", Errc::unavailable},
                          Row{400, R"({"error": {"code": "usage"}})", Errc::usage}}) {
    CAPTURE(row.status);
    const Error error = error_of_answer(row.status, row.body);
    CHECK(error.code == row.code);
    CHECK(error.message.find(std::to_string(row.status)) != std::string::npos);
  }
}

TEST_CASE("a success that is no JSON is a failure") {
  FakeEdged edged;
  edged.answer_text("GET /v1/status", 200, std::string("hello"));
  const auto answer = AdminClient(edged.socket(), kPatience).get("/v1/status");
  REQUIRE(!answer);
  CHECK(answer.error().code == Errc::failure);
}

TEST_CASE("a socket that is not there, or that nobody serves, is unreachable and says why") {
  std::string folder = (std::filesystem::temp_directory_path() / "edged-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  const std::string path = folder + "/admin.sock";
  const auto absent = AdminClient(path, kPatience).get("/v1/status");
  REQUIRE(!absent);
  CHECK(absent.error().code == Errc::unreachable);
  CHECK(absent.error().message == "cannot reach edged at " + path + ": No such file or directory");
  CHECK(absent.error().hint.find("systemctl status edged") != std::string::npos);
  { const Mute gone(path); }
  const auto refused = AdminClient(path, kPatience).get("/v1/status");
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::unreachable);
  CHECK(refused.error().message.find("Connection refused") != std::string::npos);
  const auto too_long = AdminClient(std::string(200, 'x'), kPatience).get("/v1/status");
  REQUIRE(!too_long);
  CHECK(too_long.error().message.find("name too long") != std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST_CASE("a socket that may not be opened points at the group") {
  const Error error = unreachable("/run/edged/admin.sock", EACCES);
  CHECK(error.code == Errc::not_allowed);
  CHECK(error.message == "cannot reach edged at /run/edged/admin.sock: Permission denied");
  CHECK(error.hint.find("group edge") != std::string::npos);
}

TEST_CASE("a daemon that does not answer is given up at the deadline") {
  std::string folder = (std::filesystem::temp_directory_path() / "edged-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  const Mute mute(folder + "/admin.sock");
  const auto answer = AdminClient(folder + "/admin.sock", milliseconds{50}).get("/v1/status");
  REQUIRE(!answer);
  CHECK(answer.error().code == Errc::timed_out);
  CHECK(answer.error().message.find("50ms") != std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST_CASE("a name cannot leave its place in the path") {
  CHECK(endpoint_path("shop-17", "/token") == "/v1/endpoints/shop-17/token");
  CHECK(endpoint_path("../status?x=1 \xc3\xa9") == "/v1/endpoints/..%2Fstatus%3Fx%3D1%20%C3%A9");
}
