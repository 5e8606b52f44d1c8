#include "control/copy/sums_client.hpp"

#include <cerrno>

#include "base/packed.hpp"
#include "base/text.hpp"
#include "net/deadline.hpp"

namespace edge::control {
namespace {

using Ask = wire::SumsRequest::Kind;
using Tell = wire::SumsAnswer::Kind;

constexpr std::size_t kRead = 64 * 1024;

Error failed(const wire::SumsAnswer& answer) {
  const auto words = printable(answer.words);
  switch (answer.error) {
    case ENOENT:
      return fail(Errc::not_found, words);
    case EACCES:
    case EPERM:
      return fail(Errc::not_allowed, words);
    case EWOULDBLOCK:
      return fail(Errc::conflict, words);
    default:
      return fail(Errc::failure, words);
  }
}

}  // namespace

SumsClient::SumsClient(std::shared_ptr<Part> part)
    : part_(std::move(part)), tasks_(part_->stream.executor()) {}

SumsClient::~SumsClient() {
  finish(*part_);
}

net::Task<Result<std::unique_ptr<SumsClient>>> SumsClient::open(net::Stream& stream,
                                                                milliseconds deadline) {
  auto part = std::make_shared<Part>(stream);
  std::unique_ptr<SumsClient> client(new SumsClient(part));
  net::Deadline bound(stream.executor(), deadline, [part] { finish(*part); });
  const auto hello = co_await next_answer(part);
  if (!hello || hello->kind != Tell::hello)
    co_return fail(Errc::failure, "the agent does not tell checksums");
  if (hello->hello.version != wire::kSumsVersion)
    co_return fail(Errc::failure, "the agent tells checksums in another way, version " +
                                      std::to_string(hello->hello.version));
  part->hello = hello->hello;
  client->tasks_.spawn("sums.read", read(part));
  client->tasks_.spawn("sums.write", write(part));
  co_return client;
}

net::Task<> SumsClient::end() {
  auto part = part_;
  finish(*part);
  tasks_.cancel();
  co_await tasks_.join();
}

net::Task<std::optional<wire::SumsAnswer>> SumsClient::next_answer(std::shared_ptr<Part> part) {
  std::size_t wanted = 4;
  while (!part->over) {
    if (part->arrived.size() >= 4) {
      const std::size_t size = packed_length(part->arrived);
      if (size > wire::kMostSumsAnswer) break;
      wanted = 4 + size;
    }
    const auto had = part->arrived.size();
    if (had >= 4 && had >= wanted) {
      auto answer = wire::parse_sums_answer(std::string_view(part->arrived).substr(4, wanted - 4));
      part->arrived.erase(0, wanted);
      co_return answer;
    }
    part->arrived.resize(had + kRead);
    const auto room = net::asio::buffer(part->arrived.data() + had, kRead);
    const auto got = co_await part->stream.read_some(room);
    part->arrived.resize(had + got.size);
    if (got.error) break;
  }
  co_return std::nullopt;
}

net::Task<> SumsClient::read(std::shared_ptr<Part> part) {
  while (!part->over) {
    auto answer = co_await next_answer(part);
    if (!answer) break;
    const auto found = part->questions.find(answer->id);
    if (found == part->questions.end()) break;  // not asked: the far side is no agent of ours
    auto question = std::move(found->second);
    part->questions.erase(found);
    question->answer = std::move(*answer);
    question->is_done = true;
    question->waiter.ring();
  }
  finish(*part);
}

net::Task<> SumsClient::write(std::shared_ptr<Part> part) {
  std::string bytes;
  while (!part->over) {
    if (part->queue.empty()) {
      const bool rung = co_await part->to_write.wait();
      if (!rung) co_return;
      continue;
    }
    bytes = std::exchange(part->queue, {});
    const auto failure = co_await part->stream.write(net::asio::buffer(bytes));
    if (failure) finish(*part);
  }
}

void SumsClient::finish(Part& part) {
  if (std::exchange(part.over, true)) return;
  part.to_write.ring();
  for (auto& [id, question] : std::exchange(part.questions, {})) {
    question->is_done = true;
    question->waiter.ring();
  }
  part.stream.close();
}

void SumsClient::send(const wire::SumsRequest& request) {
  part_->queue += wire::print(request);
  part_->to_write.ring();
}

net::Task<Result<wire::SumsAnswer>> SumsClient::ask(wire::SumsRequest request) {
  auto question = std::make_shared<Question>(part_->stream.executor());
  if (!part_->over) {
    part_->questions.emplace(request.id, question);
    send(request);
  }
  while (!part_->over && !question->is_done) {
    const bool rung = co_await question->waiter.wait();
    if (!rung) break;
  }
  if (!question->answer) co_return fail(Errc::unreachable, "the agent tells no checksums any more");
  if (question->answer->kind == Tell::failed) co_return failed(*question->answer);
  const auto expected = request.kind == Ask::ranges ? Tell::ranges : Tell::sum;
  if (question->answer->kind != expected)
    co_return fail(Errc::failure, "the agent told something else than was asked");
  co_return std::move(*question->answer);
}

net::Task<Result<wire::SumsAnswer>> SumsClient::sum(std::string path) {
  return ask({Ask::sum, part_->next_id++, std::move(path), false, 0});
}

net::Task<Result<wire::SumsAnswer>> SumsClient::ranges(std::string path) {
  return ask({Ask::ranges, part_->next_id++, std::move(path), false, 0});
}

std::uint32_t SumsClient::follow(std::string path, bool is_part) {
  const auto id = part_->next_id++;
  send({Ask::follow, id, std::move(path), is_part, 0});
  return id;
}

void SumsClient::advance(std::uint32_t id, std::uint64_t to) {
  send({Ask::advance, id, {}, false, to});
}

net::Task<Result<wire::SumsAnswer>> SumsClient::digest(std::uint32_t id, std::uint64_t to) {
  return ask({Ask::digest, id, {}, false, to});
}

void SumsClient::forget(std::uint32_t id) {
  send({Ask::forget, id, {}, false, 0});
}

}  // namespace edge::control
