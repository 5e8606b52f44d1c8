// What becomes of the far commands' output: one of these for each form that it can have.
// Thread rule: one loop.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "control/exec/exec_result.hpp"
#include "control/exec/exec_screen.hpp"

namespace edge::control {

class ExecPrinter {
 public:
  virtual ~ExecPrinter() = default;

  // Waits for whoever reads it; an error is this endpoint's own failure. `number`: of the endpoint.
  virtual net::Task<Result<void>> print(std::size_t number, ExecScreen::To to,
                                        std::string_view bytes) = 0;
  // Of one that had its turn, once: nothing of it comes any more.
  virtual net::Task<> ended(std::size_t number, const ExecResult& result) = 0;
  virtual net::Task<> finish() { co_return; }  // after the last one
};

using Names = std::vector<std::string>;

// As it comes, byte for byte: one endpoint.
std::unique_ptr<ExecPrinter> print_as_is(ExecScreen& screen);
// "shop-17: LINE", aligned; each line whole.
struct LineStyle {
  bool colour_out = false, colour_err = false;
  bool terminal_out = false, terminal_err = false;  // escapes of the far side are tamed there
};
std::unique_ptr<ExecPrinter> print_lines(ExecScreen& screen, Names names, LineStyle style);
// Identical outputs together, once all have ended.
std::unique_ptr<ExecPrinter> print_groups(ExecScreen& screen, std::string spool_folder,
                                          LineStyle style);
// A JSON object a line, as each ends.
std::unique_ptr<ExecPrinter> print_objects(ExecScreen& screen, net::asio::any_io_executor executor,
                                           std::string spool_folder);
// DIR/NAME.out and DIR/NAME.err.
Result<std::unique_ptr<ExecPrinter>> print_to_folder(std::string folder, Names names);

}  // namespace edge::control
