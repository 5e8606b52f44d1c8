// Time: two clocks behind one interface (so that tests own both), and the text forms of durations
// and dates.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace edge {

using std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::sys_time<milliseconds>;  // UTC

// Thread rule: every function may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime steady() const = 0;  // for deadlines
  virtual WallTime wall() const = 0;      // for records and people
};

class SystemClock final : public Clock {
 public:
  SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override {
    return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  }
};

// A clock that only moves when told.
class FakeClock final : public Clock {
 public:
  SteadyTime steady() const override { return SteadyTime{} + since_start_; }
  WallTime wall() const override {
    return WallTime{std::chrono::seconds{1'700'000'000}} + since_start_;
  }
  void advance(milliseconds by) { since_start_ += by; }

 private:
  milliseconds since_start_{0};
};

// "250ms", "5s", "2m", "24h", "90d"; a number without a unit is refused. At most 10 years.
std::optional<milliseconds> parse_duration(std::string_view text);
// The shortest text that parse_duration gives back: 90000 ms is "90s", 300000 ms is "5m".
std::string format_duration(milliseconds duration);
// For people: "2s", "3m", "3h12m", "5d4h".
std::string format_age(milliseconds age);

// RFC 3339 in UTC with milliseconds: "2026-11-22T21:52:03.120Z".
std::string format_rfc3339(WallTime time);
std::optional<WallTime> parse_rfc3339(std::string_view text);  // seconds or milliseconds, 'Z' only

}  // namespace edge
