#include "fleet/tally.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>

namespace edge::bench {
namespace {

constexpr std::size_t kMostSamples = 8U << 20;  // 32 MB; what comes after is counted only

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double own_cpu() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Nearest rank. REQUIRES: sorted, not empty.
double percentile(const std::vector<float>& sorted, double percent) {
  const auto rank = std::ceil(percent / 100 * static_cast<double>(sorted.size()));
  return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

wire::Json latency(std::vector<float> samples) {
  wire::Json json{{"count", samples.size()}};
  if (samples.empty()) return json;
  std::sort(samples.begin(), samples.end());
  for (const auto& [name, percent] : {std::pair{"p50", 50.0}, {"p90", 90.0}, {"p99", 99.0}})
    json[name] = percentile(samples, percent);
  json["max"] = samples.back();
  return json;
}

}  // namespace

void Tally::mark() {
  since_ = std::chrono::steady_clock::now();
  cpu_since_ = own_cpu();
  answered_ = held_ = agents_ = behind_ = opened_ = 0;
  not_opened_.clear();
  statuses_.clear();
  errors_.clear();
  seconds_.clear();
}

void Tally::answered(int status, bool held, Took took) {
  ++answered_;
  ++statuses_[status];
  if (held) {
    ++held_;
  } else if (seconds_.size() < kMostSamples) {
    seconds_.push_back(std::chrono::duration<float>(took).count());
  }
}

void Tally::failed(const Error& error) {
  ++errors_[to_string(error.code)];
}

wire::Json Tally::report() const {
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - since_;
  wire::Json statuses = wire::Json::object(), errors = wire::Json::object();
  for (const auto& [status, count] : statuses_) statuses[std::to_string(status)] = count;
  for (const auto& [kind, count] : errors_) errors[kind] = count;
  wire::Json not_opened = wire::Json::object();
  for (const auto& [reason, count] : not_opened_) not_opened[reason] = count;
  return {{"seconds", passed.count()}, {"answered", answered_},        {"held", held_},
          {"agents", agents_},         {"statuses", statuses},         {"errors", errors},
          {"behind", behind_},         {"latency", latency(seconds_)}, {"opened", opened_},
          {"not-opened", not_opened},  {"cpu", own_cpu() - cpu_since_}};
}

}  // namespace edge::bench
