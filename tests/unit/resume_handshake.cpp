#include "resume/handshake.hpp"
#include "resume_pair.hpp"

namespace edge::resume::test {
namespace {

struct Attempt {
  Errc by_operator = Errc::failure, by_node = Errc::failure;
  std::string words;
};

// A resumption between ends that may not be those of the stream.
Task<> attempt(Pair& pair, LastingStream& near, Keys near_keys, LastingStream& far, Keys far_keys,
               Attempt& seen) {
  auto ends = connected(pair.executor);
  Result<Resumed> by_node = fail(Errc::failure, "");
  auto node = [](std::unique_ptr<net::Stream> carrier, LastingStream& stream, Keys keys,
                 Result<Resumed>& resumed) -> Task<> {
    resumed = co_await resume_as_node(std::move(carrier), stream, keys, kLong);
  };
  net::TaskGroup work(pair.executor);
  work.spawn("node", node(std::move(ends.far), far, std::move(far_keys), by_node));
  auto by_operator = co_await resume_as_operator(std::move(ends.near), near, near_keys, kLong);
  if (by_operator) {  // it has said all it had to say: the refusal comes on the stream
    FrameReader frames;
    std::string bytes(1024, '\0');
    auto [error, size] = co_await by_operator->carrier->read_some(net::asio::buffer(bytes));
    std::string_view input(bytes.data(), size);
    if (const auto frame = frames.next(input)) seen.words = frame->payload;
  } else {
    seen.by_operator = by_operator.error().code;
    seen.words = by_operator.error().message;
  }
  co_await work.join();
  if (!by_node) seen.by_node = by_node.error().code;
}

Task<> another_session() {
  const auto executor = co_await net::asio::this_coro::executor;
  Pair pair(executor), stranger(executor);
  pair.connect();
  co_await write_text(*pair.near, "mine");
  Attempt seen;
  auto stolen = stranger.near_keys;  // knows the stream and the node, but not the session's key
  stolen.other_side = pair.near_keys.other_side;
  co_await attempt(pair, *stranger.near, stolen, *pair.far, pair.far_keys, seen);
  CHECK(seen.by_node == Errc::not_allowed);
  CHECK(seen.words == "not signed by the key of this session");
  // Whose it is has not noticed.
  const auto heard = co_await read_exactly(*pair.far, 4);
  CHECK(heard == "mine");
  CHECK(pair.far->is_carried());
  co_await pair.end();
  co_await stranger.end();
}

TEST_CASE("who does not have the session's key cannot take it over, and disturbs nobody") {
  drive(another_session());
}

Task<> another_node() {
  const auto executor = co_await net::asio::this_coro::executor;
  Pair pair(executor), stranger(executor);
  pair.connect();
  pair.near_carrier->close();
  Attempt seen;
  co_await attempt(pair, *pair.near, pair.near_keys, *stranger.far, stranger.far_keys, seen);
  CHECK(seen.by_operator == Errc::not_allowed);
  CHECK(seen.words == "what answers is not the node of this session");
  co_await pair.end();
  co_await stranger.end();
}

TEST_CASE("a session goes on with no node but its own") {
  drive(another_node());
}

Task<> old_counts() {
  const auto executor = co_await net::asio::this_coro::executor;
  Pair pair(executor);
  pair.connect();
  const std::string text(kWindow / 4, 'x');
  co_await write_text(*pair.far, text);
  co_await read_exactly(*pair.near, text.size());
  co_await write_text(*pair.far, "more");  // so that the acknowledgement has been heard
  co_await read_exactly(*pair.near, 4);
  auto forgetful =
      std::make_shared<LastingStream>(executor);  // the right key, and nothing received
  Attempt seen;
  co_await net::sleep(kSoon);
  co_await attempt(pair, *forgetful, pair.near_keys, *pair.far, pair.far_keys, seen);
  CHECK(seen.by_node == Errc::conflict);
  CHECK(seen.words == "what the other end lacks is not kept, or was never sent");
  auto liar = std::make_shared<LastingStream>(executor);  // a node that says what it cannot have
  Pair other(executor);
  other.connect();
  co_await write_text(*other.near, "bytes");
  co_await read_exactly(*other.far, 5);
  Attempt lied;
  co_await attempt(pair, *forgetful, pair.near_keys, *other.far, pair.far_keys, lied);
  CHECK(lied.by_operator == Errc::conflict);
  co_await pair.end();
  co_await other.end();
}

TEST_CASE("counts that are old, or of bytes that were never sent, are refused by either end") {
  drive(old_counts());
}

}  // namespace
}  // namespace edge::resume::test
