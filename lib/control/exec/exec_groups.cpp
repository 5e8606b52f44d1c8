// Identical outputs together, as clush -b shows them, once all have ended. Of each output one copy
// is kept.
#include <algorithm>
#include <map>

#include "control/exec/exec_printer.hpp"
#include "control/exec/folded_names.hpp"
#include "control/exec/line_cutter.hpp"
#include "control/exec/spool.hpp"
#include "control/terminal_line.hpp"
#include "crypto/hash.hpp"

namespace edge::control {
namespace {

using To = ExecScreen::To;

constexpr const char* kRule = "---------------\n";

// Of the bytes, and not of the pieces that they came in.
Result<crypto::Hash> hash_of(const Spool& spool) {
  auto hash = crypto::hash_of({});
  for (std::size_t number = 0; number < spool.pieces(); ++number) {
    const auto piece = spool.piece(number);
    if (!piece) return piece.error();
    hash = crypto::hash_of(std::string(hash.begin(), hash.end()) + *piece);
  }
  return hash;
}

class Groups final : public ExecPrinter {
 public:
  Groups(ExecScreen& screen, std::string folder, LineStyle style)
      : screen_(screen), file_(std::move(folder)), style_(style) {}

  net::Task<Result<void>> print(std::size_t number, To to, std::string_view bytes) override {
    auto& kept = kept_.try_emplace(number, file_).first->second;
    co_return (to == To::out ? kept.out : kept.err).append(bytes);
  }

  net::Task<> ended(std::size_t number, const ExecResult& result) override {
    auto found = kept_.try_emplace(number, file_).first;
    const auto out = hash_of(found->second.out), err = hash_of(found->second.err);
    if (out && err) {
      auto words = result.outcome == ExecOutcome::ok ? std::string() : why(result);
      const auto key = std::make_tuple(*out, *err, std::move(words));
      auto& group = groups_.try_emplace(key, std::move(found->second)).first->second;
      group.names.push_back(result.name);
    }
    kept_.erase(found);
    co_return;
  }

  net::Task<> finish() override {
    std::vector<std::pair<const Key*, Group*>> sorted;
    for (auto& [key, group] : groups_) {
      std::sort(group.names.begin(), group.names.end());
      sorted.emplace_back(&key, &group);
    }
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& left, const auto& right) {
      const auto a = left.second->names.size(), b = right.second->names.size();
      return a != b ? a > b : left.second->names.front() < right.second->names.front();
    });
    for (const auto& [key, group] : sorted) {
      const auto& words = std::get<2>(*key);
      const auto title = folded_and_counted(group->names) + (words.empty() ? "" : ": " + words);
      co_await put(To::out, title, group->kept.out);
      if (group->kept.err.size() > 0) co_await put(To::err, title + ", stderr", group->kept.err);
    }
  }

 private:
  struct Kept {
    explicit Kept(SpoolFile& file) : out(file), err(file) {}
    Spool out, err;
  };
  struct Group {
    explicit Group(Kept first) : kept(std::move(first)) {
      kept.out.settle();
      kept.err.settle();
    }
    Kept kept;
    Names names;
  };
  using Key = std::tuple<crypto::Hash, crypto::Hash, std::string>;

  net::Task<> put(To to, std::string title, const Spool& spool) {
    const bool coloured = to == To::out ? style_.colour_out : style_.colour_err;
    auto text = kRule + (coloured ? "\033[36m" + title + "\033[0m" : title) + "\n" + kRule;
    co_await screen_.print(to, std::move(text));
    const bool tame = to == To::out ? style_.terminal_out : style_.terminal_err;
    LineCutter cutter;
    for (std::size_t number = 0; number < spool.pieces(); ++number) {
      const auto piece = spool.piece(number);
      if (!piece) break;
      std::string lines;
      cutter.add(*piece, [&](std::string_view line) {
        (lines += tame ? terminal_line(line) : std::string(line)) += '\n';
      });
      co_await screen_.print(to, std::move(lines));
    }
    std::string last;
    cutter.finish([&](std::string_view line) {
      (last += tame ? terminal_line(line) : std::string(line)) += '\n';
    });
    co_await screen_.print(to, std::move(last));
  }

  ExecScreen& screen_;
  SpoolFile file_;
  const LineStyle style_;
  std::map<std::size_t, Kept> kept_;  // of those that run
  std::map<Key, Group> groups_;
};

}  // namespace

std::unique_ptr<ExecPrinter> print_groups(ExecScreen& screen, std::string spool_folder,
                                          LineStyle style) {
  return std::make_unique<Groups>(screen, std::move(spool_folder), style);
}

}  // namespace edge::control
