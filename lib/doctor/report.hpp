// What a doctor finds out, check by check, in the order in which it was looked at. Whoever shows it
// hears of each check when it begins and when it has ended.
// Thread rule: one thread.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace edge::doctor {

enum class Verdict { pass, fail, skip };
const char* to_string(Verdict verdict);  // "PASS", "FAIL", "SKIP"

struct Check {
  std::string name;   // "tunnel tcp"
  std::string about;  // "edge.example.com:8000 at 192.0.2.7"; may be empty
  Verdict verdict = Verdict::skip;
  milliseconds took{0};
  std::string seen;     // of SKIP: why
  std::string meaning;  // of FAIL
  std::string next;     // of FAIL: the next thing to do
};

// Why something is not as it should be, in the words of who looks at it.
struct Trouble {
  std::string meaning, next;
};

class Report {
 public:
  std::function<void(const Check&)> on_begin, on_end;  // may be empty

  void begin(std::string name, std::string about = {});
  // How far it has come, for who watches.
  void doing(const std::string& what);
  // The end of what was begun. REQUIRES: begin().
  void pass(std::string seen);
  void fail(std::string seen, Trouble trouble);
  void skip(std::string why);
  // What cannot even begin.
  void skip(std::string name, std::string about, std::string why);

  const std::vector<Check>& checks() const noexcept { return checks_; }
  bool healthy() const;  // nothing failed

 private:
  void end(Verdict verdict, std::string seen, Trouble trouble);

  Check current_;
  SteadyTime begun_{};
  std::vector<Check> checks_;
};

// {"apiVersion", "kind": "Doctor", "healthy", "checks": [{name, about, verdict, took-ms, seen,
// meaning, next}]}; texts are printable.
nlohmann::json describe(const Report& report);

}  // namespace edge::doctor
