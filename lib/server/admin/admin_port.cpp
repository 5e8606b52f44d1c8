#include "server/admin/admin_port.hpp"

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "base/files.hpp"
#include "base/log.hpp"
#include "net/deadline.hpp"
#include "server/admin/admin_requests.hpp"
#include "server/admin/target_wish.hpp"

namespace edge::server {
namespace {

constexpr mode_t kSocketMode = 0660;
constexpr mode_t kFolderMode = 0750;

// The group's id; nothing when it is not to be changed.
Result<std::optional<gid_t>> group_id(const std::string& name) {
  if (name.empty()) return std::optional<gid_t>();
  const auto* entry = ::getgrnam(name.c_str());
  if (entry == nullptr) {
    if (::geteuid() != 0)
      return std::optional<gid_t>();  // an unprivileged edged serves its own user
    return fail(Errc::usage, "admin.group: no group '" + name + "' on this machine",
                "groupadd --system " + name + ", or set admin.group");
  }
  return std::optional<gid_t>(entry->gr_gid);
}

bool somebody_answers(const std::string& path) {
  net::asio::io_context context;
  return net::connect_unix(context.get_executor(), path).has_value();
}

}  // namespace

AdminPort::AdminPort(net::asio::any_io_executor executor, Parts& parts)
    : executor_(executor), parts_(parts), acceptor_(executor), tasks_(executor) {}
AdminPort::~AdminPort() = default;

Result<void> AdminPort::listen() {
  const auto& path = parts_.config.admin_socket;
  const auto folder = path.parent_path();
  auto group = group_id(parts_.config.admin_group);
  if (!group) return group.error();
  std::error_code ignored;
  if (!std::filesystem::exists(folder, ignored)) {
    if (auto made = make_folder(folder, kFolderMode); !made) return made.error();
    if (*group) (void)!::chown(folder.c_str(), static_cast<uid_t>(-1), **group);
  }
  if (std::filesystem::exists(path, ignored)) {
    if (somebody_answers(path))
      return fail(Errc::conflict, "another edged listens on " + path.string());
    std::filesystem::remove(path, ignored);
  }
  if (path.string().size() >= 108)
    return fail(Errc::usage, "admin.socket: the path is too long: " + path.string());
  net::error_code error;
  const auto old_mask = ::umask(0117);  // never wider than 0660, not even for a moment
  acceptor_.open(net::asio::local::stream_protocol(), error);
  if (!error) acceptor_.bind(path.string(), error);
  ::umask(old_mask);
  if (!error) acceptor_.listen(net::asio::socket_base::max_listen_connections, error);
  if (error)
    return fail(Errc::failure, "cannot listen on " + path.string() + ": " + error.message());
  if (*group && ::chown(path.c_str(), static_cast<uid_t>(-1), **group) != 0) {
    return fail(Errc::failure, "cannot give " + path.string() + " to group " +
                                   parts_.config.admin_group + ": " + std::strerror(errno));
  }
  ::chmod(path.c_str(), kSocketMode);
  tasks_.spawn("admin.accept", accept());
  return {};
}

net::Task<> AdminPort::accept() {
  while (acceptor_.is_open()) {
    auto [error, socket] = co_await acceptor_.async_accept(net::as_values);
    if (!acceptor_.is_open() || error == net::asio::error::operation_aborted) co_return;
    if (error) {
      if (!co_await net::sleep(milliseconds{100})) co_return;
      continue;
    }
    ConnectionSlot slot(parts_, std::size_t{parts_.config.connections} + parts_.config.operators,
                        ConnectionSlot::Of::one_operator);
    if (!slot) {
      refuse(socket.native_handle());
      continue;
    }
    tasks_.spawn("admin.connection", serve(net::Socket(std::move(socket)), std::move(slot)));
  }
}

// In one go: who is over the budget must not hold a descriptor while it reads.
void AdminPort::refuse(int descriptor) {
  auto response = error_response(fail(Errc::unavailable,
                                      "edged has as many connections as it has descriptors for",
                                      "try again, or raise LimitNOFILE of the unit"));
  response.keep_alive = false;
  const auto bytes = net::print_response(response);
  (void)!::send(descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  parts_.say_full("admin socket");
}

net::Task<> AdminPort::serve(net::Socket socket, ConnectionSlot slot) {
  auto who = operator_of(socket.native_handle());
  net::SocketStream stream(std::move(socket));
  net::HttpReader reader(stream);
  net::HttpLimits limits;
  limits.body = kMostTargetBytes;
  limits.head = 16 * 1024;  // a selector of 4 KB, percent-encoded
  AdminConnection connection(parts_, stream, reader, slot, std::move(who));
  for (;;) {
    if (!acceptor_.is_open()) co_return;  // draining
    idle_.insert(&stream);
    auto request = co_await reader.request(limits);
    idle_.erase(&stream);
    if (!request) {
      if (request.error().code == Errc::usage) {
        auto refusal = error_response(request.error());
        refusal.keep_alive = false;
        co_await net::write_response(stream, std::move(refusal));
      }
      co_return;
    }
    const bool asked_to_keep = request->keep_alive;
    auto response = co_await connection.answer(std::move(*request));
    if (!response) co_return;  // the stream went on as a session, or the operator has gone
    const bool keep = asked_to_keep && response->keep_alive && !parts_.draining;
    response->keep_alive = keep;
    net::Deadline bound(executor_, limits.body_deadline, [&stream] { stream.close(); });
    if (co_await net::write_response(stream, std::move(*response)) || !keep) co_return;
  }
}

void AdminPort::stop_accepting() {
  if (!acceptor_.is_open()) return;
  acceptor_.close();
  for (auto* stream : idle_) stream->close();
  std::error_code ignored;
  std::filesystem::remove(parts_.config.admin_socket, ignored);
}

net::Task<> AdminPort::drain(milliseconds deadline) {
  stop_accepting();
  net::Deadline bound(executor_, deadline, [this] { tasks_.cancel(); });
  co_await tasks_.join();
}

}  // namespace edge::server
