// What edged's books need as time passes: check-ins are counted, last-seen times are stored in
// batches, and what has had its time (tombstones, temporary settings) ends. Thread rule: loop 0.
#pragma once

#include "server/parts.hpp"

namespace edge::server {

class Upkeep {
 public:
  static constexpr int kSaveEvery = 15;  // seconds; at once when somebody has come back
  static constexpr std::chrono::hours kTombstoneLife{24 * 90};

  explicit Upkeep(Parts& parts);

  net::Task<> run();  // a second() each second, until it is cancelled
  void second();
  void save_last_seen();  // what the store does not have yet

 private:
  void drop_tombstones();
  void end_due_settings();

  Parts& parts_;
  int unsaved_ = 0;  // seconds
  std::uint64_t lost_lines_ = 0;
  SteadyTime next_drop_;
};

}  // namespace edge::server
