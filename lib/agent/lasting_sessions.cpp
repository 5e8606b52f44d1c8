#include "agent/lasting_sessions.hpp"

#include <algorithm>
#include <optional>

#include "base/log.hpp"
#include "resume/handshake.hpp"
#include "ssh/key.hpp"

namespace edge::agent {
namespace {

constexpr milliseconds kForEver = std::chrono::hours(24);
constexpr milliseconds kHandshake{10'000};

Secret seed_of(const Secret& host_key) {
  const auto key = ssh::Key::from_private_text(host_key);
  return key ? key->seed() : Secret{};
}

std::string public_bytes_of(const std::string& line) {
  const auto key = ssh::Key::from_public_line(line);
  return key ? key->public_bytes() : std::string();
}

}  // namespace

// Shared by the list and by what runs for it.
struct LastingSessions::Session {
  Opening opening;
  resume::Keys keys;
  std::shared_ptr<resume::LastingStream> stream;
  std::shared_ptr<net::Notify> changed;  // carried or not, or over
  std::optional<SteadyTime> away_since;  // nothing: it has a carrier, or is about to have its first
  unsigned resumes = 0;
};

LastingSessions::LastingSessions(net::asio::any_io_executor executor, SessionService& service,
                                 const Secret& host_key)
    : executor_(executor),
      service_(service),
      seed_(seed_of(host_key)),
      tasks_(executor),
      goodbyes_(executor) {}

std::size_t LastingSessions::waiting() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(sessions_.begin(), sessions_.end(), [](auto& entry) {
        return !entry.second->stream->is_carried() && !entry.second->stream->is_over();
      }));
}

bool LastingSessions::is_key_of(const std::string& id, const std::string& session_key) const {
  const auto found = sessions_.find(id);
  return found != sessions_.end() && found->second->keys.other_side == public_bytes_of(session_key);
}

net::Task<> LastingSessions::begin(Opening opening, std::shared_ptr<net::Stream> carrier,
                                   std::function<void()> on_bytes) {
  auto session = std::make_shared<Session>();
  session->keys = {opening.id, seed_, public_bytes_of(opening.session_key)};
  session->opening = std::move(opening);
  session->stream = std::make_shared<resume::LastingStream>(executor_);
  session->changed = std::make_shared<net::Notify>(executor_);
  sessions_[session->opening.id] = session;
  tasks_.spawn("session.live", live(session));
  tasks_.spawn("session.watch", watch(session));
  co_await carry(session, std::move(carrier), std::nullopt, std::move(on_bytes));
}

net::Task<> LastingSessions::carry(std::shared_ptr<Session> session,
                                   std::shared_ptr<net::Stream> carrier,
                                   std::optional<resume::LastingStream::Counts> resumed,
                                   std::function<void()> on_bytes) {
  session->away_since.reset();
  session->changed->ring();
  co_await session->stream->carry(std::move(carrier), resumed, std::move(on_bytes));
  if (session->stream->is_carried()) co_return;  // by another one
  session->away_since = std::chrono::steady_clock::now();
  session->changed->ring();
  if (!session->stream->is_over()) log::info("session.paused", {{"session", session->opening.id}});
}

net::Task<> LastingSessions::resume(std::string id, std::string carrier_name,
                                    std::shared_ptr<net::Stream> carrier,
                                    std::function<void()> on_bytes) {
  auto session = sessions_.at(id);
  auto resumed = co_await resume::resume_as_node(std::move(carrier), *session->stream,
                                                 session->keys, kHandshake);
  if (!resumed) {
    log::warning("session.resume-refused", {{"session", id}, {"reason", resumed.error().message}});
    // It was the right one, and there is no way on.
    if (resumed.error().code == Errc::conflict) session->stream->give_up(resumed.error().message);
    co_return;
  }
  session->opening.carrier = std::move(carrier_name);
  const auto now = std::chrono::steady_clock::now();
  const auto away =
      std::chrono::duration_cast<milliseconds>(now - session->away_since.value_or(now));
  log::info("session.resumed",
            {{"session", id}, {"resumes", ++session->resumes}, {"away-ms", away.count()}});
  co_await carry(session, std::move(resumed->carrier), resumed->counts, std::move(on_bytes));
}

net::Task<> LastingSessions::live(std::shared_ptr<Session> session) {
  const SessionTerms terms{session->opening.id, session->opening.login_key,
                           session->opening.limit + kHandshake};
  co_await service_.serve(session->stream, terms, {});
  // What it said last may not have arrived yet; whoever is away may come back for it.
  co_await session->stream->shutdown_write();
  co_await session->stream->drained();
  co_await session->stream->say_bye();
  session->changed->ring();
  sessions_.erase(session->opening.id);
}

net::Task<> LastingSessions::watch(std::shared_ptr<Session> session) {
  auto& stream = *session->stream;
  const auto limit = session->opening.limit;
  while (!stream.is_over()) {
    auto left = kForEver;
    if (session->away_since) {
      const auto until = *session->away_since + limit;
      left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    }
    if (left.count() <= 0) {
      log::warning("session.given-up",
                   {{"session", session->opening.id}, {"after", format_duration(limit)}});
      stream.give_up("nobody came back within " + format_duration(limit));
      co_return;
    }
    co_await session->changed->wait(left);
  }
}

LastingSessions::HungUp LastingSessions::hang_up(const std::string& id,
                                                 const std::string& carrier_name) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return HungUp::no_session;
  // Who was refused on his carrier has nothing to say about the session.
  if (!carrier_name.empty() && carrier_name != found->second->opening.carrier)
    return HungUp::by_somebody_else;
  found->second->stream->give_up("its operator has gone");
  found->second->changed->ring();
  return HungUp::yes;
}

void LastingSessions::stop(const std::string& why) {
  for (const auto& [id, session] : sessions_) {
    goodbyes_.spawn("session.stop", session->stream->say_bye(why));
    session->changed->ring();
  }
}

net::Task<> LastingSessions::all_told() {
  co_await goodbyes_.join();
}

}  // namespace edge::agent
