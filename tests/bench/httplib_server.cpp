// The anchor of rate-httplib: a cpp-httplib server that says 204 to a check-in, TLS 1.3.
//   httplib-server CERTIFICATE KEY PORT
#include <httplib.h>

#include <cstdlib>
#include <iostream>
#include <limits>

namespace {
constexpr std::size_t kThreads =
    64;  // it serves a connection a thread; more than the 50 asked of it
}

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: httplib-server CERTIFICATE KEY PORT\n";
    return 2;
  }
  httplib::SSLServer server(argv[1], argv[2]);
  if (!server.is_valid()) {
    std::cerr << "httplib-server: certificate or key is of no use\n";
    return 1;
  }
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_keep_alive_max_count(std::numeric_limits<std::size_t>::max());
  server.set_keep_alive_timeout(600);
  server.set_tcp_nodelay(true);
  server.Get("/v1/check-in", [](const httplib::Request&, httplib::Response& response) {
    // What edged sends with a check-in: a ticket makes the next question as short as edged's.
    response.set_header("Edge-Next", "5/0");
    response.set_header("Edge-Ticket", "x");
    response.status = 204;
  });
  return server.listen("127.0.0.1", std::atoi(argv[3])) ? 0 : 1;
}
