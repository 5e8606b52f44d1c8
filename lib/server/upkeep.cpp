#include "server/upkeep.hpp"

#include "base/log.hpp"

namespace edge::server {
namespace {

constexpr std::chrono::hours kDropEvery{24};

}  // namespace

Upkeep::Upkeep(Parts& parts) : parts_(parts), next_drop_(parts.clock.steady() + kDropEvery) {}

net::Task<> Upkeep::run() {
  for (;;) {
    second();
    // The local is needed: gcc 12 at -O2 lays out the frame of a coroutine without any wrongly, and
    // it traps.
    const bool go_on = co_await net::sleep(milliseconds{1'000});
    if (!go_on) co_return;
  }
}

void Upkeep::second() {
  const auto now = parts_.clock.steady();
  parts_.check_in_rate.sample(now, parts_.registry.check_ins());
  if (now >= next_drop_) {
    next_drop_ = now + kDropEvery;
    drop_tombstones();
  }
  end_due_settings();
  if (const auto lost = log::lost(); lost > std::exchange(lost_lines_, lost))
    log::warning("log.lines-lost", {{"in-all", lost}, {"reason", "stderr is not read in time"}});
  const bool returned = parts_.registry.take_returns();
  if (++unsaved_ < kSaveEvery && !returned) return;
  unsaved_ = 0;
  save_last_seen();
}

void Upkeep::save_last_seen() {
  parts_.store.post([batch = parts_.registry.take_unsaved()](store::Store& target) {
    if (batch.empty()) return;
    if (auto saved = target.put_last_seen(batch); !saved) {
      log::error("last-seen.not-saved",
                 {{"rows", batch.size()}, {"reason", saved.error().message}});
    }
  });
}

// What edged cannot tell the store before it dies is due again when it comes back.
void Upkeep::end_due_settings() {
  for (const auto& due : parts_.registry.end_due_settings()) {
    parts_.store.post([due](store::Store& target) {
      if (auto ended = target.remove_temporary_setting(due.scope, due.key); !ended)
        log::error("settings.not-stored", {{"reason", ended.error().message}});
    });
    auto settings =
        due.scope.empty() ? parts_.registry.settings() : parts_.registry.settings_of(due.scope);
    const auto keys = config::describe(settings);
    const auto* key = config::find_key(keys, due.key);
    const auto now = key ? config::get_value(*key) : "not known";
    parts_.record_event({{},
                         "settings.fell-back",
                         due.scope,
                         {},
                         "",
                         due.key + " = " + now + " again; the time of " + due.value + " is over"});
  }
}

void Upkeep::drop_tombstones() {
  const auto before = parts_.clock.wall() - kTombstoneLife;
  parts_.registry.drop_tombstones_before(before);
  parts_.store.post([before](store::Store& target) {
    if (auto dropped = target.drop_tombstones_before(before); !dropped)
      log::error("tombstones.not-dropped", {{"reason", dropped.error().message}});
  });
}

}  // namespace edge::server
