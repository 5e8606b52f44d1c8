#include "control/output_format.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "control/output.hpp"
#include "control/yaml.hpp"

namespace edge::control {
namespace {

constexpr std::string_view kJsonPath = "jsonpath=";

struct Word {
  const char* text;
  OutputFormat::Kind kind;
};
constexpr std::array<Word, 5> kWords{{{"table", OutputFormat::Kind::table},
                                      {"wide", OutputFormat::Kind::wide},
                                      {"json", OutputFormat::Kind::json},
                                      {"yaml", OutputFormat::Kind::yaml},
                                      {"name", OutputFormat::Kind::name}}};

}  // namespace

Result<OutputFormat> OutputFormat::parse(const std::string& text) {
  OutputFormat format;
  for (const auto& word : kWords) {
    if (text != word.text) continue;
    format.kind_ = word.kind;
    return format;
  }
  if (text.starts_with(kJsonPath)) {
    auto path = JsonPath::parse(std::string_view(text).substr(kJsonPath.size()));
    if (!path) return path.error();
    format.kind_ = Kind::jsonpath;
    format.path_ = std::move(*path);
    return format;
  }
  return fail(Errc::usage,
              "-o '" + printable(text, 80) + "' is none of " + std::string(kOutputFormats),
              "edgectl help formatting");
}

Result<void> OutputFormat::print(std::ostream& out, const nlohmann::json& answer,
                                 bool compact) const {
  if (kind_ == Kind::yaml) {
    out << (compact ? "---\n" : "") << print_yaml(answer);
  } else if (kind_ == Kind::jsonpath) {
    auto text = path_->print(answer);
    if (!text) return text.error();
    // A shell's prompt should not stand behind the last value.
    out << *text << (text->empty() || text->back() == '\n' ? "" : "\n");
  } else if (compact) {
    out << answer.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) << '\n';
  } else {
    print_json(out, answer);
  }
  return {};
}

}  // namespace edge::control
