// Output as it comes: byte for byte of one endpoint, or line by line of many, each behind its name.
#include <algorithm>
#include <array>
#include <map>

#include "control/display_width.hpp"
#include "control/exec/exec_printer.hpp"
#include "control/exec/line_cutter.hpp"
#include "control/terminal_line.hpp"

namespace edge::control {
namespace {

using To = ExecScreen::To;

constexpr unsigned kWidestName = 40;  // of those that are longer the lines are not aligned
constexpr std::array<const char*, 6> kShades{"\033[36m", "\033[33m", "\033[32m",
                                             "\033[35m", "\033[34m", "\033[96m"};

Error nobody_reads() {
  return fail(Errc::failure, "nobody reads the output any more");
}

class AsIs final : public ExecPrinter {
 public:
  explicit AsIs(ExecScreen& screen) : screen_(screen) {}
  net::Task<Result<void>> print(std::size_t, To to, std::string_view bytes) override {
    std::string copy(bytes);
    const bool read = co_await screen_.print(to, std::move(copy));
    if (!read) co_return nobody_reads();
    co_return Result<void>{};
  }
  net::Task<> ended(std::size_t, const ExecResult&) override { co_return; }

 private:
  ExecScreen& screen_;
};

class Lines final : public ExecPrinter {
 public:
  Lines(ExecScreen& screen, Names names, LineStyle style)
      : screen_(screen), names_(std::move(names)), style_(style) {
    for (const auto& name : names_)
      if (display_width(name) <= kWidestName) widest_ = std::max(widest_, display_width(name));
  }

  net::Task<Result<void>> print(std::size_t number, To to, std::string_view bytes) override {
    auto& open = open_[number];
    auto& cutter = to == To::out ? open.out : open.err;
    std::string text;
    const auto prefix = prefix_of(number, to);
    cutter.add(bytes, [&](std::string_view line) { add_line(text, prefix, to, line); });
    const bool read = co_await screen_.print(to, std::move(text));
    if (!read) co_return nobody_reads();
    co_return Result<void>{};
  }

  net::Task<> ended(std::size_t number, const ExecResult&) override {
    const auto found = open_.find(number);
    if (found == open_.end()) co_return;
    auto last = std::move(found->second);
    open_.erase(found);
    for (const auto to : {To::out, To::err}) {
      std::string text;
      auto& cutter = to == To::out ? last.out : last.err;
      const auto prefix = prefix_of(number, to);
      cutter.finish([&](std::string_view line) { add_line(text, prefix, to, line); });
      co_await screen_.print(to, std::move(text));
    }
  }

 private:
  struct Open {
    LineCutter out, err;
  };

  // Its shade goes by the name's number: neighbours differ, and stderr is red.
  std::string prefix_of(std::size_t number, To to) const {
    const auto& name = names_[number];
    const auto width = display_width(name);
    const std::string blanks(widest_ > width ? widest_ - width : 0, ' ');
    if (!(to == To::out ? style_.colour_out : style_.colour_err)) return name + ": " + blanks;
    const auto* shade = to == To::out ? kShades[number % kShades.size()] : "\033[31m";
    return shade + name + ":\033[0m " + blanks;
  }

  void add_line(std::string& text, const std::string& prefix, To to, std::string_view line) const {
    text += prefix;
    if (to == To::out ? style_.terminal_out : style_.terminal_err) {
      text += terminal_line(line);
    } else {
      text += line;
    }
    text += '\n';
  }

  ExecScreen& screen_;
  const Names names_;
  const LineStyle style_;
  unsigned widest_ = 0;
  std::map<std::size_t, Open> open_;  // those that run
};

}  // namespace

std::unique_ptr<ExecPrinter> print_as_is(ExecScreen& screen) {
  return std::make_unique<AsIs>(screen);
}

std::unique_ptr<ExecPrinter> print_lines(ExecScreen& screen, Names names, LineStyle style) {
  return std::make_unique<Lines>(screen, std::move(names), style);
}

}  // namespace edge::control
