// What a client asks about paths: attributes, folders, links.
#include <algorithm>

#include "base/packed.hpp"
#include "sftp/client.hpp"

namespace edge::sftp {
namespace {

constexpr std::uint64_t kReadOnly = 1;  // SSH_FXE_STATVFS_ST_RDONLY

}  // namespace

net::Task<Result<Attributes>> Client::stat(std::string path) {
  const auto id = next_id();
  return ask_attributes(id, print_path(PathRequest::stat, id, path));
}

net::Task<Result<Attributes>> Client::lstat(std::string path) {
  const auto id = next_id();
  return ask_attributes(id, print_path(PathRequest::lstat, id, path));
}

net::Task<Result<Attributes>> Client::fstat(std::string handle) {
  const auto id = next_id();
  return ask_attributes(id, print_fstat(id, handle));
}

net::Task<Result<void>> Client::set(std::string path, Attributes attributes) {
  const auto id = next_id();
  return ask_done(id, print_setstat(id, path, attributes));
}

net::Task<Result<void>> Client::set_open(std::string handle, Attributes attributes) {
  const auto id = next_id();
  return ask_done(id, print_fsetstat(id, handle, attributes));
}

net::Task<Result<void>> Client::set_link(std::string path, Attributes attributes) {
  const auto id = next_id();
  return ask_done(id, print_extended(id, "lsetstat@openssh.com", {path}, &attributes));
}

net::Task<Result<void>> Client::sync(std::string handle) {
  const auto id = next_id();
  return ask_done(id, print_extended(id, "fsync@openssh.com", {handle}));
}

net::Task<Result<void>> Client::rename(std::string from, std::string to) {
  const auto id = next_id();
  if (has("posix-rename@openssh.com")) {
    return ask_done(id, print_extended(id, "posix-rename@openssh.com", {from, to}));
  }
  return ask_done(id, print_rename(id, from, to));
}

net::Task<Result<void>> Client::remove(std::string path) {
  const auto id = next_id();
  return ask_done(id, print_path(PathRequest::remove, id, path));
}

net::Task<Result<void>> Client::make_folder(std::string path, Attributes attributes) {
  const auto id = next_id();
  return ask_done(id, print_mkdir(id, path, attributes));
}

net::Task<Result<std::string>> Client::real_path(std::string path) {
  const auto id = next_id();
  return ask_name(id, print_path(PathRequest::realpath, id, path));
}

net::Task<Result<std::string>> Client::expand(std::string path) {
  const auto id = next_id();
  return ask_name(id, print_extended(id, "expand-path@openssh.com", {path}));
}

net::Task<Result<std::string>> Client::read_link(std::string path) {
  const auto id = next_id();
  return ask_name(id, print_path(PathRequest::readlink, id, path));
}

net::Task<Result<void>> Client::make_link(std::string points_to, std::string link) {
  const auto id = next_id();
  return ask_done(id, print_symlink(id, points_to, link));
}

net::Task<Result<std::vector<Entry>>> Client::list(std::string path) {
  auto id = next_id();
  auto packet = print_path(PathRequest::opendir, id, path);
  auto opened = co_await ask(id, std::move(packet), Reply::Kind::handle);
  if (!opened) co_return opened.error();
  std::vector<Entry> entries;
  std::optional<Error> failure;
  for (bool ended = false; !ended && !failure;) {
    id = next_id();
    packet = print_readdir(id, opened->handle);
    auto call = conversation_->send(id, std::move(packet));
    auto reply = co_await call->reply();
    if (!reply) co_return reply.error();
    ended = reply->kind == Reply::Kind::status && reply->code == Code::eof;
    if (ended) break;
    if (reply->kind != Reply::Kind::names) {
      failure = reply->kind == Reply::Kind::status && !reply->is_ok()
                    ? failed(*reply)
                    : fail(Errc::failure, "the far side's sftp-server lists no names");
    } else if (reply->names.empty()) {
      failure = fail(Errc::failure, "the far side's sftp-server lists nothing without an end");
    } else if (entries.size() + reply->names.size() > limits_.entries) {
      failure = fail(Errc::failure,
                     "the folder has more than " + std::to_string(limits_.entries) + " entries");
    } else {
      for (auto& entry : reply->names) {
        if (entry.name != "." && entry.name != "..") entries.push_back(std::move(entry));
      }
    }
  }
  auto closing = close_later(opened->handle);
  const auto closed = co_await closing->reply();
  if (failure) co_return *failure;
  if (!closed) co_return closed.error();
  co_return entries;
}

net::Task<Result<Space>> Client::space(std::string path) {
  const auto id = next_id();
  if (!has("statvfs@openssh.com")) co_return fail(Errc::failure, "not told");
  auto call = conversation_->send(id, print_extended(id, "statvfs@openssh.com", {path}));
  const auto reply = co_await call->reply();
  if (!reply) co_return reply.error();
  if (reply->kind != Reply::Kind::extended) co_return fail(Errc::failure, "not told");
  Unpacker in(reply->data);
  in.u64();  // f_bsize
  const auto unit = in.u64();
  in.u64(), in.u64();  // f_blocks, f_bfree
  const auto available = in.u64();
  in.u64(), in.u64();  // f_files, f_ffree
  const auto inodes = in.u64();
  in.u64();  // f_fsid
  const auto flags = in.u64();
  if (!in.good()) co_return fail(Errc::failure, "not told");
  co_return Space{unit * available, inodes, (flags & kReadOnly) != 0};
}

}  // namespace edge::sftp
