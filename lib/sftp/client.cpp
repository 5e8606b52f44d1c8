#include "sftp/client.hpp"

#include <algorithm>

#include "base/packed.hpp"
#include "base/text.hpp"
#include "net/deadline.hpp"

namespace edge::sftp {
namespace {

constexpr std::size_t kLeastChunk = 1'024;
constexpr milliseconds kNearby{8};
constexpr std::size_t kHeads = 1'024;  // of a packet, beside its data

Error unexpected() {
  return fail(Errc::failure, "the far side's sftp-server answered something else than was asked");
}

}  // namespace

Error failed(const Reply& status) {
  auto words = printable(status.words);
  switch (status.code) {
    case Code::no_such_file:
      return fail(Errc::not_found, words.empty() ? "No such file" : words);
    case Code::permission_denied:
      return fail(Errc::not_allowed, words.empty() ? "Permission denied" : words);
    case Code::op_unsupported:
      return fail(Errc::failure, words.empty() ? "Operation unsupported" : words);
    case Code::eof:
      return fail(Errc::failure, "End of file");
    default:
      return fail(Errc::failure, words.empty() ? "Failure" : words);
  }
}

Client::Client(std::shared_ptr<Conversation> conversation, Limits limits)
    : conversation_(std::move(conversation)), limits_(limits), tasks_(conversation_->executor()) {}

Client::~Client() {
  conversation_->end("closed");
}

net::Task<Result<std::unique_ptr<Client>>> Client::open(net::Stream& stream, Limits limits,
                                                        milliseconds deadline) {
  auto conversation = std::make_shared<Conversation>(stream, limits.requests, limits.bytes);
  std::unique_ptr<Client> client(new Client(conversation, limits));
  net::Deadline bound(stream.executor(), deadline,
                      [conversation] { conversation->end("no answer in time"); });
  auto version = co_await conversation->greet();
  if (!version) co_return version.error();
  client->note(*version);
  client->tasks_.spawn("sftp.read", conversation->read());
  client->tasks_.spawn("sftp.write", conversation->write());
  co_await client->ask_limits();
  if (conversation->is_over()) {
    const auto why = fail(Errc::unreachable, conversation->reason());
    co_await client->end();
    co_return why;
  }
  co_return client;
}

net::Task<> Client::end() {
  auto conversation = conversation_;
  conversation->end("closed");
  tasks_.cancel();
  co_await tasks_.join();
}

void Client::note(const Version& version) {
  for (const auto& [name, its_version] : version.extensions) extensions_.push_back(name);
}

bool Client::has(std::string_view extension) const {
  return std::find(extensions_.begin(), extensions_.end(), extension) != extensions_.end();
}

// What the server takes at once; without the extension, what every server does.
net::Task<> Client::ask_limits() {
  if (!has("limits@openssh.com")) co_return;
  const auto id = next_id();
  const auto asked = std::chrono::steady_clock::now();
  auto call = conversation_->send(id, print_extended(id, "limits@openssh.com", {}));
  const auto reply = co_await call->reply();
  if (std::chrono::steady_clock::now() - asked < kNearby)
    conversation_->set_room(std::min(limits_.bytes, limits_.bytes_nearby));
  if (!reply || reply->kind != Reply::Kind::extended) co_return;
  Unpacker in(reply->data);
  const auto packet = in.u64(), read = in.u64(), write = in.u64();
  if (!in.good()) co_return;
  const auto bounded = [&](std::uint64_t told) {
    const auto most = std::min<std::uint64_t>(limits_.chunk, kMostPacket - kHeads);
    const auto fits = packet > kHeads ? std::min(most, packet - kHeads) : most;
    return static_cast<std::size_t>(
        std::max<std::uint64_t>(kLeastChunk, told == 0 ? fits : std::min(told, fits)));
  };
  read_chunk_ = bounded(read);
  write_chunk_ = bounded(write);
}

net::Task<Result<Reply>> Client::ask(std::uint32_t id, std::string packet, Reply::Kind expected) {
  auto call = conversation_->send(id, std::move(packet));
  auto reply = co_await call->reply();
  if (!reply) co_return reply.error();
  if (reply->kind == Reply::Kind::status && !reply->is_ok()) co_return failed(*reply);
  if (reply->kind != expected) co_return unexpected();
  reply->data = {};  // lies in the call, which goes
  co_return std::move(*reply);
}

net::Task<Result<void>> Client::ask_done(std::uint32_t id, std::string packet) {
  auto reply = co_await ask(id, std::move(packet), Reply::Kind::status);
  if (!reply) co_return reply.error();
  co_return Result<void>{};
}

net::Task<Result<Attributes>> Client::ask_attributes(std::uint32_t id, std::string packet) {
  auto reply = co_await ask(id, std::move(packet), Reply::Kind::attributes);
  if (!reply) co_return reply.error();
  co_return reply->attributes;
}

net::Task<Result<std::string>> Client::ask_name(std::uint32_t id, std::string packet) {
  auto reply = co_await ask(id, std::move(packet), Reply::Kind::names);
  if (!reply) co_return reply.error();
  if (reply->names.size() != 1) co_return unexpected();
  co_return std::move(reply->names.front().name);
}

std::uint32_t Client::next_id() {
  return conversation_->next_id();
}

net::Task<Result<std::string>> Client::open_file(std::string path, std::uint32_t flags,
                                                 Attributes attributes) {
  const auto id = next_id();
  auto packet = print_open(id, path, flags, attributes);
  auto reply = co_await ask(id, std::move(packet), Reply::Kind::handle);
  if (!reply) co_return reply.error();
  co_return std::move(reply->handle);
}

net::Task<Result<void>> Client::close(std::string handle) {
  auto call = close_later(handle);
  co_return co_await done(std::move(call));
}

std::shared_ptr<Call> Client::close_later(const std::string& handle) {
  const auto id = next_id();
  return conversation_->send(id, print_close(id, handle));
}

Client::Write Client::begin_write(const std::string& handle, std::uint64_t at, std::size_t size) {
  Write write;
  write.id = next_id();
  write.size = size;
  const auto head = print_write_head(write.id, handle, at, size);
  write.packet = conversation_->blocks().take(head.size() + size);
  std::copy(head.begin(), head.end(), write.packet.bytes.get());
  write.room = write.packet.bytes.get() + head.size();
  return write;
}

std::shared_ptr<Call> Client::write_later(Write write) {
  return conversation_->send_in_room(write.id, std::move(write.packet), write.size);
}

void Client::forget(Write write) {
  conversation_->blocks().give_back(std::move(write.packet));
  conversation_->give_room_back(write.size);
}

net::Task<bool> Client::room_to_write(std::size_t size) {
  return conversation_->room_for(size);
}

net::Task<std::shared_ptr<Call>> Client::read_later(std::string handle, std::uint64_t at,
                                                    std::size_t size) {
  const bool has_room = co_await conversation_->room_for(size);
  if (!has_room) co_return nullptr;
  const auto id = next_id();
  const auto request = print_read(id, handle, at, static_cast<std::uint32_t>(size));
  auto packet = conversation_->blocks().take(request.size());
  std::copy(request.begin(), request.end(), packet.bytes.get());
  co_return conversation_->send_in_room(id, std::move(packet), size);
}

net::Task<Result<void>> Client::done(std::shared_ptr<Call> call) {
  const auto reply = co_await call->reply();
  if (!reply) co_return reply.error();
  if (reply->kind != Reply::Kind::status) co_return unexpected();
  if (!reply->is_ok()) co_return failed(*reply);
  co_return Result<void>{};
}

}  // namespace edge::sftp
