// What happened since the last mark: counts by kind, and how long answers took.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "wire/json.hpp"

namespace edge::bench {

using Took = std::chrono::steady_clock::duration;

class Tally {
 public:
  Tally() { mark(); }

  void mark();  // from zero
  // `held`: the answer was kept back, so its time says nothing of the server.
  void answered(int status, bool held, Took took);
  void failed(const Error& error);
  void opened() { ++opened_; }  // a tunnel
  void not_opened(const std::string& reason) { ++not_opened_[reason]; }
  void behind() { ++behind_; }  // an asker that came too late for its turn
  // REQUIRES: each agent once a mark.
  void returned() { ++agents_; }
  std::uint64_t agents() const noexcept { return agents_; }

  // {"seconds", "answered", "held", "agents", "statuses", "errors", "behind", "latency", "opened",
  // "not-opened", "cpu"}; "cpu" is this program's own.
  wire::Json report() const;

 private:
  std::chrono::steady_clock::time_point since_;
  double cpu_since_ = 0;
  std::uint64_t answered_ = 0, held_ = 0, agents_ = 0, behind_ = 0, opened_ = 0;
  std::map<int, std::uint64_t> statuses_;
  std::map<std::string, std::uint64_t> errors_, not_opened_;
  std::vector<float> seconds_;
};

}  // namespace edge::bench
