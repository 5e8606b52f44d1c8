// edgectl's end of the subsystem edge-sums (wire/sums.hpp), many questions at once.
// Thread rule: one loop. Ownership: its owner awaits end() before it lets go of the stream.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/error.hpp"
#include "base/time.hpp"
#include "net/stream.hpp"
#include "net/waiter.hpp"
#include "wire/sums.hpp"

namespace edge::control {

class SumsClient {
 public:
  // Errc::failure when the far side speaks another version.
  static net::Task<Result<std::unique_ptr<SumsClient>>> open(net::Stream& stream,
                                                             milliseconds deadline);
  ~SumsClient();
  SumsClient(const SumsClient&) = delete;
  net::Task<> end();

  const wire::SumsHello& hello() const noexcept { return part_->hello; }

  // Errors are the node's words; Errc::conflict: another copy writes that file.
  net::Task<Result<wire::SumsAnswer>> sum(std::string path);
  net::Task<Result<wire::SumsAnswer>> ranges(std::string path);
  // A file under a number, until forget().
  std::uint32_t follow(std::string path, bool is_part);
  void advance(std::uint32_t id, std::uint64_t to);
  net::Task<Result<wire::SumsAnswer>> digest(std::uint32_t id, std::uint64_t to);
  void forget(std::uint32_t id);

 private:
  struct Question {
    explicit Question(const net::asio::any_io_executor& executor) : waiter(executor) {}
    net::Waiter waiter;
    std::optional<wire::SumsAnswer> answer;
    bool is_done = false;
  };
  // Shared with the two tasks.
  struct Part {
    explicit Part(net::Stream& given) : stream(given), to_write(given.executor()) {}
    net::Stream& stream;
    net::Waiter to_write;
    std::string queue;
    std::unordered_map<std::uint32_t, std::shared_ptr<Question>> questions;
    std::uint32_t next_id = 1;
    std::string arrived;
    wire::SumsHello hello;
    bool over = false;
  };
  explicit SumsClient(std::shared_ptr<Part> part);

  static net::Task<std::optional<wire::SumsAnswer>> next_answer(std::shared_ptr<Part> part);
  static net::Task<> read(std::shared_ptr<Part> part);
  static net::Task<> write(std::shared_ptr<Part> part);
  static void finish(Part& part);
  void send(const wire::SumsRequest& request);
  net::Task<Result<wire::SumsAnswer>> ask(wire::SumsRequest request);

  std::shared_ptr<Part> part_;
  net::TaskGroup tasks_;
};

}  // namespace edge::control
