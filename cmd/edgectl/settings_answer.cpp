#include "edgectl/settings_answer.hpp"

#include "base/text.hpp"
#include "control/json_fields.hpp"
#include "control/output.hpp"

namespace edge::edgectl {

using control::text_at;

std::string settings_path(const std::string& endpoint) {
  return endpoint.empty() ? "/v1/settings" : control::endpoint_path(endpoint, "/settings");
}

Result<nlohmann::json> find_setting(const nlohmann::json& answer, const std::string& key) {
  std::vector<std::string> known;
  for (const auto& setting : control::list_at(answer, "settings")) {
    if (text_at(setting, "key") == key) return control::json_result(setting);
    known.push_back(text_at(setting, "key"));
  }
  const std::string meant = nearest(key, known);
  return fail(Errc::not_found,
              "no setting '" + key + "'" + (meant.empty() ? "" : "; did you mean '" + meant + "'?"),
              "edgectl settings show");
}

namespace {

// Of a value that was taken back.
const char* words_of_source(const std::string& source, const std::string& endpoint) {
  if (source == "default") return " (the default)";
  if (source == "fleet" && !endpoint.empty()) return " (as for all endpoints)";
  return " (as it was set before)";
}

}  // namespace

Result<int> change_setting(Context& context, const std::string& endpoint, const std::string& key,
                           const nlohmann::json& value) {
  nlohmann::json body = nlohmann::json::object();
  body[key] = value;
  const auto answer = context.api.patch(settings_path(endpoint), body);
  if (!answer) return answer.error();
  if (context.structured()) {
    return context.print(*answer);
  }
  if (context.options.quiet) return 0;
  const auto setting = find_setting(*answer, key);
  if (!setting) return setting.error();
  context.world.out << key << " is " << printable(text_at(*setting, "value")) << " for "
                    << (endpoint.empty() ? "all endpoints" : printable(endpoint));
  const std::string source = text_at(*setting, "source");
  if (const auto until = text_at(*setting, "until"); !until.empty()) {
    context.world.out << " until " << printable(until) << ", then "
                      << printable(text_at(*setting, "then"));
  } else if (value.is_null()) {
    context.world.out << words_of_source(source, endpoint);
  }
  context.world.out << '\n';
  return 0;
}

}  // namespace edge::edgectl
