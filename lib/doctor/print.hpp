// A report for people: a line for each check as it ends, below a failed one what it means and what
// to do next; on a terminal what is being looked at just now.
#pragma once

#include <ostream>

#include "doctor/report.hpp"

namespace edge::doctor {

struct PrintStyle {
  bool colour = false;
  bool progress = false;  // `err` is a terminal
};

void print_check(std::ostream& out, const Check& check, bool colour);
// "all is well", or how many checks failed and where to begin.
void print_summary(std::ostream& out, const Report& report);

// Shows the report's checks while they are made. The streams outlive the report.
void show(Report& report, std::ostream& out, std::ostream& err, PrintStyle style);

}  // namespace edge::doctor
