// What an operator reads of a copy: how far it is, and how it went. Pure.
#pragma once

#include <deque>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "control/copy/copy_terms.hpp"

namespace edge::control {

// Bytes a second, of the last few seconds.
class CopyPace {
 public:
  void note(SteadyTime now, std::uint64_t bytes);
  double bytes_per_second() const;

 private:
  struct Sample {
    SteadyTime at;
    std::uint64_t bytes;
  };
  std::deque<Sample> samples_;
};

struct CopyResult {
  std::string name;  // of the endpoint
  CopyMeter meter;
  std::optional<Error> error;  // of the node as a whole, or the first of its files
  bool is_told = true;         // the error, on stderr
  bool is_done = false;        // nothing of it is still to come
  bool is_verified = true;     // false: by size alone
  milliseconds took{0};

  bool ok() const { return is_done && !error && meter.failed == 0; }
};

// "app.tar  45 %  1.2 GB of 2.7 GB  145 MB/s  11s left"; with many nodes "7 of 20 done  1 failed"
// in front.
std::string progress_text(const std::string& what, const std::vector<CopyResult>& results,
                          double bytes_per_second);
// "shop-17: 3 files, 1.2 GB in 4.2 s (290 MB/s)"
std::string result_text(const CopyResult& result);
// The lines below many results: how many went well, and who did not.
std::vector<std::string> summary_lines(const std::vector<CopyResult>& results);
nlohmann::json as_json(const CopyResult& result);
int exit_status(const std::vector<CopyResult>& results);

}  // namespace edge::control
