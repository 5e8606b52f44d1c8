#include "control/targets.hpp"

#include <unordered_set>

#include "base/text.hpp"
#include "control/json_fields.hpp"
#include "fleet/selector.hpp"

namespace edge::control {
namespace {

constexpr std::size_t kMostNames = 20'000;   // as many as edged takes at once
constexpr std::size_t kLongestName = 1'024;  // then edged says that it is no endpoint

std::string_view without_blanks(std::string_view line) {
  constexpr const char* kBlanks = " \t\r";
  const auto first = line.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
}

// Names, each once, in the order of their coming.
class Names {
 public:
  Result<void> add(std::string_view name, const char* whence) {
    if (name.size() > kLongestName) {
      return fail(Errc::usage, std::string(whence) + ": a name of " + std::to_string(name.size()) +
                                   " characters");
    }
    if (!seen_.emplace(name).second) return {};
    if (all_.size() == kMostNames) {
      return fail(Errc::usage,
                  std::string(whence) + ": more than " + std::to_string(kMostNames) + " names");
    }
    all_.emplace_back(name);
    return {};
  }
  std::vector<std::string> take() { return std::move(all_); }

 private:
  std::unordered_set<std::string> seen_;
  std::vector<std::string> all_;
};

Result<void> add_lines(std::istream& in, Names& names) {
  // Not std::getline: a line that never ends must not fill the memory.
  std::string line(kLongestName + 2, '\0');
  while (in.getline(line.data(), static_cast<std::streamsize>(line.size())) || in.gcount() > 0) {
    // What ended the line was counted, too; the end of everything was not.
    const auto size = static_cast<std::size_t>(in.gcount()) - (in.good() ? 1 : 0);
    const std::string_view text(line.data(), size);
    if (in.fail() && !in.eof()) {
      return fail(Errc::usage, "stdin: a line is too long for an endpoint's name");
    }
    const auto name = without_blanks(text);
    if (name.empty()) continue;
    if (auto added = names.add(name, "stdin"); !added) return added;
  }
  return {};
}

std::map<std::string, std::string> labels_of(const nlohmann::json& item) {
  std::map<std::string, std::string> labels;
  for (const auto& [key, value] : object_at(item, "labels").items()) {
    if (value.is_string()) labels[key] = value.get<std::string>();
  }
  return labels;
}

Target target_of(const nlohmann::json& item) {
  return {text_at(item, "id"), text_at(item, "name"), text_at(item, "state"),
          text_at(item, "last-seen"), labels_of(item)};
}

}  // namespace

Result<std::vector<std::string>> read_names(const std::vector<std::string>& names,
                                            std::istream& in) {
  Names all;
  for (const auto& name : names) {
    auto added = name == "-" ? add_lines(in, all) : all.add(name, "the command line");
    if (!added) return added.error();
  }
  auto read = all.take();
  if (read.empty() && !names.empty()) {
    return fail(Errc::not_found, "stdin names no endpoint", "one name a line, as edgectl ls -q");
  }
  return read;
}

Result<nlohmann::json> target_request(const TargetChoice& choice, std::istream& in) {
  if (choice.empty()) {
    return fail(Errc::usage, "which endpoints? none is named",
                "NAME..., - for names from stdin, or -l SELECTOR");
  }
  nlohmann::json body = nlohmann::json::object();
  if (!choice.selector.empty()) {
    // Here already, so that a mistake is told without edged, too.
    if (auto parsed = fleet::parse_selector(choice.selector); !parsed) return parsed.error();
    body["selector"] = choice.selector;
  }
  auto names = read_names(choice.names, in);
  if (!names) return names.error();
  if (!names->empty()) body["endpoints"] = *names;
  return json_result(std::move(body));
}

Result<std::vector<Target>> find_targets(const AdminClient& api, const TargetChoice& choice,
                                         std::istream& in) {
  const auto request = target_request(choice, in);
  if (!request) return request.error();
  const auto answer = api.post("/v1/targets", *request);
  if (!answer) return answer.error();
  std::vector<Target> targets;
  for (const auto& item : list_at(*answer, "items")) targets.push_back(target_of(item));
  if (targets.empty()) return fail(Errc::not_found, "there is no such endpoint");
  return targets;
}

}  // namespace edge::control
