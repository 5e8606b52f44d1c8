// edgectl ls -w
#include <algorithm>
#include <set>
#include <sstream>
#include <thread>

#include "base/text.hpp"
#include "control/json_fields.hpp"
#include "control/output_reader.hpp"
#include "edgectl/endpoint_list.hpp"
#include "edgectl/followed_endpoints.hpp"

namespace edge::edgectl {
namespace {

using control::text_at;
using nlohmann::json;

constexpr milliseconds kTryAgain{500};
constexpr std::size_t kLinesBeside = 3;  // headers, "and so many more", and the cursor's own

class Follow {
 public:
  Follow(Context& context, const ListOptions& options)
      : context_(context),
        options_(options),
        in_place_(context.world.terminal.out && !context.structured() && !context.names_only()) {}

  Result<int> run() {
    if (auto chosen = choose_ids(); !chosen) return chosen.error();
    const auto path = "/v1/watch" + query();
    const auto on_line = [this](std::string_view line) {
      if (!known_.take(line)) return true;
      came_ = true;
      failure_ = show();
      return failure_.has_value() && context_.world.out && !control::reader_has_gone();
    };
    while (true) {
      const auto ended = context_.api.follow(path, on_line);
      if (!failure_) return failure_.error();
      if (ended) return 1;  // nobody reads what we print
      // Before anything was shown a failure is the answer; afterwards edged may come back.
      if (!came_) return ended.error();
      say_gone();
      std::this_thread::sleep_for(kTryAgain);
      known_.begin_again();
    }
  }

 private:
  // Names are looked up once: an endpoint that is renamed is followed on.
  Result<void> choose_ids() {
    if (options_.choice.names.empty()) return {};
    const auto targets = find_targets(context_, options_.choice);
    if (!targets) return targets.error();
    for (const auto& target : *targets) ids_.insert(target.id);
    return {};
  }

  std::string query() const {
    std::string text;
    if (!options_.choice.selector.empty() && ids_.empty()) {
      text = "?selector=" + control::percent_encode(options_.choice.selector);
    }
    // The ages on a screen should not run away from the truth.
    if (in_place_) text += (text.empty() ? "?seen=2s" : "&seen=2s");
    return text;
  }

  void say_gone() {
    if (std::exchange(gone_, true)) return;
    const char* words = "edged has gone; the list goes on when it is back";
    if (in_place_) {
      lines_ += 1;
      context_.world.out << words << '\n' << std::flush;
    } else {
      context_.world.err << "edgectl: " << words << '\n' << std::flush;
    }
  }

  Result<void> show() {
    gone_ = false;
    auto changes = known_.take_changes();
    if (!ids_.empty()) {
      std::erase_if(changes, [&](const json& one) { return ids_.count(text_at(one, "id")) == 0; });
    }
    return in_place_ ? redraw(!changes.empty()) : print(std::move(changes));
  }

  // Once: a label that nobody has any more is an empty column then, and no mistake.
  Result<void> choose_columns(const std::vector<json>& endpoints) {
    if (columns_) return {};
    auto columns = list_columns(context_, endpoints, options_);
    if (!columns) return columns.error();
    columns_ = std::move(*columns);
    return {};
  }

  // --- on a terminal

  Result<void> redraw(bool changed) {
    if (changed || lines_ == 0) {
      std::vector<json> endpoints;
      for (const auto& [id, endpoint] : known_.all()) {
        if (ids_.empty() || ids_.count(id) != 0) endpoints.push_back(endpoint);
      }
      if (auto chosen = choose_columns(endpoints); !chosen) return chosen;
      auto sorted = listed(std::move(endpoints), options_);
      if (!sorted) return sorted.error();
      sorted_ = std::move(*sorted);
      options_.sort = always_good(options_.sort);  // a label may go meanwhile
    }
    const std::size_t room = std::max<std::size_t>(control::terminal_rows(), kLinesBeside + 1);
    const std::size_t shown = std::min(sorted_.size(), room - kLinesBeside);
    const std::vector<json> visible(sorted_.begin(),
                                    sorted_.begin() + static_cast<std::ptrdiff_t>(shown));
    std::ostringstream page;
    list_table(visible, *columns_, context_.now())
        .print(page, {!context_.options.no_headers, context_.colour_out, "", &widths_});
    if (sorted_.empty()) page << "no endpoints\n";
    if (shown < sorted_.size()) page << "and " << sorted_.size() - shown << " more\n";
    draw(page.str());
    return {};
  }

  // One write for a whole frame, each line over the old one: nothing flickers. Lines that are too
  // long are cut by the terminal, which does not wrap meanwhile.
  void draw(const std::string& page) {
    std::string frame = "\033[?7l";
    if (lines_ > 0) frame += "\033[" + std::to_string(lines_) + "A\r";
    std::istringstream lines(page);
    lines_ = 0;
    for (std::string line; std::getline(lines, line); ++lines_) frame += line + "\033[K\n";
    frame += "\033[J\033[?7h";
    context_.world.out << frame << std::flush;
  }

  // --- elsewhere

  Result<void> print(std::vector<json> changes) {
    if (auto chosen = choose_columns(changes); !chosen) return chosen;
    if (first_ && options_.choice.empty()) {
      if (auto checked = check_order(options_.sort, changes); !checked) return checked;
    }
    std::erase_if(changes, [this](const json& one) { return !concerns(one); });
    auto sorted =
        sort_endpoints(changes, first_ ? always_good(options_.sort) : "name", options_.reverse);
    if (!sorted) return sorted;
    const auto done = context_.structured()   ? print_values(changes)
                      : context_.names_only() ? print_names(changes)
                                              : print_rows(changes);
    first_ = false;
    context_.world.out << std::flush;
    return done;
  }

  // In a state that is wanted, or just not any more.
  bool concerns(const json& endpoint) {
    const auto id = text_at(endpoint, "id");
    if (options_.is_wanted(endpoint)) {
      shown_.insert(id);
      return true;
    }
    return shown_.erase(id) != 0;
  }

  Result<void> print_values(const std::vector<json>& endpoints) {
    for (const auto& endpoint : endpoints) {
      auto printed = context_.format.print(context_.world.out, endpoint, true);
      if (!printed) return printed;
    }
    return {};
  }

  Result<void> print_names(const std::vector<json>& endpoints) {
    for (const auto& endpoint : endpoints) {
      context_.world.out << printable(text_at(endpoint, "name")) << '\n';
    }
    return {};
  }

  Result<void> print_rows(const std::vector<json>& endpoints) {
    const bool headers = first_ && !context_.options.no_headers;
    if (endpoints.empty() && !headers) return {};
    list_table(endpoints, *columns_, context_.now())
        .print(context_.world.out, {headers, context_.colour_out, "", &widths_});
    return {};
  }

  Context& context_;
  ListOptions options_;
  const bool in_place_;
  FollowedEndpoints known_;
  std::set<std::string> ids_;    // those that are followed; empty: all that edged tells of
  std::set<std::string> shown_;  // ids that were printed
  std::vector<json> sorted_;
  std::optional<std::vector<EndpointColumn>> columns_;
  std::vector<unsigned> widths_;
  std::size_t lines_ = 0;  // on the screen
  bool first_ = true, came_ = false, gone_ = false;
  Result<void> failure_;
};

}  // namespace

Result<int> follow_endpoints(Context& context, const ListOptions& options) {
  return Follow(context, options).run();
}

}  // namespace edge::edgectl
