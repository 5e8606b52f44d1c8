#include <doctest/doctest.h>

#include "agent/retry_after.hpp"

namespace edge::agent {

TEST_CASE("Retry-After is never undercut and is spread over as long again") {
  const milliseconds least{1'000};
  struct Row {
    const char* header;
    int earliest;  // seconds
  };
  for (const Row row : {Row{"1", 1}, Row{"5", 5}, Row{"120", 120}, Row{"0", 1}, Row{"", 1},
                        Row{"-5", 1}, Row{"5s", 1}, Row{"Wed, 25 Nov 2026 20:00:00 GMT", 1},
                        Row{"301", 300}, Row{"3600", 300}, Row{"99999999999999999999999", 300}}) {
    CAPTURE(std::string(row.header));
    const milliseconds earliest = std::chrono::seconds(row.earliest);
    CHECK(retry_after(row.header, least, 0.0) == earliest);
    CHECK(retry_after(row.header, least, 0.5) == earliest * 3 / 2);
    CHECK(retry_after(row.header, least, 0.9999) < earliest * 2);
  }
}

}  // namespace edge::agent
