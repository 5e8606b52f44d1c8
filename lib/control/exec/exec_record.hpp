// What became of a run over many, in a file, so that another run can go on with what was left
// undone. JSON lines: the order first, then a line for each endpoint as it ends; a file that ends
// early, because edgectl was killed, tells just as well who was not begun.
// Thread rule: one thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "control/exec/exec_result.hpp"

namespace edge::control {

// What was to be done, by whom and where.
struct ExecOrder {
  std::vector<std::string> command;  // words of the far command, or arguments of the script
  std::string script;                // path; empty: a command
  std::string input;                 // path of --stdin; empty: none
  std::string account;               // empty: the node's own
  std::vector<std::string> names;    // of the endpoints
};

class ExecRecord {
 public:
  // A new file, 0600, in place of an old one.
  static Result<ExecRecord> create(const std::filesystem::path& file, const ExecOrder& order,
                                   WallTime now);
  ExecRecord(ExecRecord&& other) noexcept;
  ~ExecRecord();

  Result<void> add(const ExecResult& result);
  const std::filesystem::path& file() const noexcept { return file_; }

 private:
  ExecRecord(std::filesystem::path file, int descriptor)
      : file_(std::move(file)), descriptor_(descriptor) {}
  Result<void> write(const std::string& line);

  std::filesystem::path file_;
  int descriptor_;
};

// The order of such a file with the names that were not done: failed, offline, cancelled or not
// begun. Errc::usage for another file.
Result<ExecOrder> read_undone(const std::filesystem::path& file);

// A name in this folder that nothing has yet, by time and process; the oldest of those are removed,
// so that no more than twenty stay. The folder is made (0700).
Result<std::filesystem::path> next_record(const std::filesystem::path& folder, WallTime now);
// The newest there; nothing: none.
std::optional<std::filesystem::path> last_record(const std::filesystem::path& folder);

}  // namespace edge::control
