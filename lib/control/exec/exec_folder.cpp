// Output into files: DIR/NAME.out and DIR/NAME.err, as it comes.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

#include "base/files.hpp"
#include "control/exec/exec_printer.hpp"

namespace edge::control {
namespace {

using To = ExecScreen::To;

class Folder final : public ExecPrinter {
 public:
  Folder(std::string folder, Names names) : folder_(std::move(folder)), names_(std::move(names)) {}
  ~Folder() override {
    for (const auto& [number, open] : open_) close(open);
  }

  net::Task<Result<void>> print(std::size_t number, To to, std::string_view bytes) override {
    auto open = open_files(number);
    if (!open) co_return open.error();
    const int descriptor = to == To::out ? open->out : open->err;
    while (!bytes.empty()) {
      const auto size = ::write(descriptor, bytes.data(), bytes.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) co_return broken(path_of(number, to));
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
    co_return Result<void>{};
  }

  // Who has written nothing has two empty files, who did not run has none.
  net::Task<> ended(std::size_t number, const ExecResult& result) override {
    const bool ran = result.outcome == ExecOutcome::ok || result.outcome == ExecOutcome::failed;
    if (ran) static_cast<void>(open_files(number));
    const auto found = open_.find(number);
    if (found == open_.end()) co_return;
    close(found->second);
    open_.erase(found);
  }

 private:
  struct Files {
    int out = -1, err = -1;
  };

  static void close(const Files& files) {
    for (const int descriptor : {files.out, files.err})
      if (descriptor >= 0) ::close(descriptor);
  }

  std::string path_of(std::size_t number, To to) const {
    return folder_ + "/" + names_[number] + (to == To::out ? ".out" : ".err");
  }

  static Error broken(const std::string& path) {
    return fail(Errc::unavailable, "cannot write " + path + ": " + std::strerror(errno));
  }

  Result<Files> open_files(std::size_t number) {
    if (const auto found = open_.find(number); found != open_.end()) return found->second;
    Files files;
    for (const auto to : {To::out, To::err}) {
      const auto path = path_of(number, to);
      int& descriptor = to == To::out ? files.out : files.err;
      descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
      if (descriptor >= 0) continue;
      const auto error = broken(path);
      close(files);
      return error;
    }
    return open_.emplace(number, files).first->second;
  }

  const std::string folder_;
  const Names names_;
  std::map<std::size_t, Files> open_;
};

}  // namespace

Result<std::unique_ptr<ExecPrinter>> print_to_folder(std::string folder, Names names) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    return fail(Errc::usage, "--log-dir " + folder + ": " + std::strerror(errno));
  return std::unique_ptr<ExecPrinter>(
      std::make_unique<Folder>(std::move(folder), std::move(names)));
}

}  // namespace edge::control
