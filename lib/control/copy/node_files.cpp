#include "control/copy/node_files.hpp"

#include <array>
#include <boost/asio/this_coro.hpp>

#include "base/text.hpp"

namespace edge::control {
namespace {

constexpr milliseconds kGreeting{30'000};
constexpr std::size_t kWords = 1'000;

}  // namespace

net::Task<Result<std::unique_ptr<NodeFiles>>> NodeFiles::open(NodeConnection::Order order,
                                                              sftp::Client::Limits limits) {
  const auto executor = co_await net::asio::this_coro::executor;
  std::unique_ptr<NodeFiles> files(new NodeFiles(executor));
  auto node = co_await NodeConnection::open(std::move(order));
  if (!node) co_return node.error();
  files->node_ = std::move(*node);
  auto opened = co_await files->open_sftp(limits);
  if (!opened) {
    co_await files->end();
    co_return opened.error();
  }
  co_await files->open_sums();
  files->side_ = std::make_unique<FarSide>(*files->files_, files->teller_.get(), executor);
  co_return files;
}

net::Task<> NodeFiles::hear_errors(ssh::RemoteCommand& command, std::string& words) {
  std::array<char, 1024> buffer;
  for (;;) {
    const auto room = net::asio::buffer(buffer);
    const auto got = co_await command.read_error(room);
    if (got.error) co_return;
    if (words.size() < kWords) words.append(buffer.data(), got.size);
  }
}

net::Task<Result<void>> NodeFiles::open_sftp(sftp::Client::Limits limits) {
  ssh::CommandOrder order;
  order.subsystem = ssh::kSftp;
  auto command = co_await node_->run(std::move(order));
  if (!command) co_return command.error();
  sftp_ = std::move(*command);
  tasks_.spawn("sftp.errors", hear_errors(*sftp_, words_));
  auto files = co_await sftp::Client::open(sftp_->stream(), limits, kGreeting);
  if (files) {
    files_ = std::move(*files);
    co_return Result<void>{};
  }
  // Why it ended says more than that it did.
  const auto end = co_await sftp_->end();
  if (end && end->signal == ssh::kRefusedSignal)
    co_return fail(Errc::not_allowed, "refused: " + printable(end->message, 1'000));
  auto message = files.error().message;
  if (!words_.empty()) message += ": " + printable(words_, kWords);
  co_return fail(Errc::failure, "its sftp-server does not work: " + message);
}

// An agent that has no such subsystem is no failure: sizes are compared then.
net::Task<> NodeFiles::open_sums() {
  ssh::CommandOrder order;
  order.subsystem = ssh::kSums;
  auto command = co_await node_->run(std::move(order));
  if (!command) co_return;
  sums_ = std::move(*command);
  tasks_.spawn("sums.errors", hear_errors(*sums_, sums_words_));
  auto teller = co_await SumsClient::open(sums_->stream(), kGreeting);
  if (teller) teller_ = std::move(*teller);
}

net::Task<> NodeFiles::end() {
  if (teller_) co_await teller_->end();
  if (files_) co_await files_->end();
  if (node_) co_await node_->end();
  if (sftp_) sftp_->close();
  if (sums_) sums_->close();
  tasks_.cancel();
  co_await tasks_.join();
}

}  // namespace edge::control
