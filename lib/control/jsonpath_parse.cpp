#include "control/jsonpath_cursor.hpp"
#include "control/jsonpath_parts.hpp"
#include "fleet/selector.hpp"

namespace edge::control {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestTemplate = 16 * 1024;
constexpr std::size_t kMostNested = 16;  // ranges in ranges, filters in filters

class Parser : private JsonPathCursor {
 public:
  using JsonPathCursor::JsonPathCursor;

  // The whole text as a template.
  std::vector<JsonPathPart> whole_template() {
    auto parts = template_until_end(false, 0);
    return parts;
  }
  // The whole text as one expression, without braces.
  std::vector<JsonPathPart> bare_expression() {
    JsonPathPart part;
    part.kind = JsonPathPart::Kind::values;
    part.path = path();
    if (!at_end()) wrong("the expression should end here");
    return {std::move(part)};
  }

 private:
  std::vector<JsonPathPart> template_until_end(bool in_range, std::size_t depth) {
    if (depth > kMostNested) wrong("ranges are nested too deeply");
    std::vector<JsonPathPart> parts;
    while (!at_end()) {
      if (peek() != '{') {
        const auto end = std::min(text_.find('{', place_), text_.size());
        JsonPathPart text;
        text.text = text_.substr(place_, end - place_);
        parts.push_back(std::move(text));
        place_ = end;
        continue;
      }
      const auto start = place_++;
      skip_blanks();
      if (take_word("end")) {
        if (!in_range) throw JsonPathWrong{start, "{end} without a {range}"};
        close_brace();
        return parts;
      }
      parts.push_back(take_word("range") ? range(depth) : braced());
    }
    if (in_range) wrong("a {range ...} has no {end}");
    return parts;
  }

  JsonPathPart range(std::size_t depth) {
    JsonPathPart part;
    part.kind = JsonPathPart::Kind::range;
    skip_blanks();
    part.path = path();
    close_brace();
    part.parts = template_until_end(true, depth + 1);
    return part;
  }

  JsonPathPart braced() {
    JsonPathPart part;
    if (peek() == '"' || peek() == '\'') {
      part.text = quoted();
    } else {
      part.kind = JsonPathPart::Kind::values;
      part.path = path();
    }
    close_brace();
    return part;
  }

  void close_brace() {
    skip_blanks();
    if (!take('}')) wrong("a closing brace is expected");
  }

  JsonPathSteps path() {
    JsonPathSteps steps;
    const auto start = place_;
    if (take('$')) {
      steps.push_back({JsonPathStep::Root{}});
    } else {
      take('@');
    }
    if (!at_end() && !is_name_end(peek())) steps.push_back(field(name()));  // {name} is {.name}
    while (!at_end()) {
      if (take("..")) {
        steps.push_back({JsonPathStep::Descend{}});
        if (peek() != '[' && !at_end()) steps.push_back(member());
      } else if (take('.')) {
        // {.} is the value itself.
        if (!at_end() && (peek() == '*' || !is_name_end(peek()))) steps.push_back(member());
      } else if (take('[')) {
        steps.push_back(bracket());
      } else {
        break;
      }
    }
    if (place_ == start) wrong("a path such as .items[0].name is expected");
    return steps;
  }

  JsonPathStep member() {
    if (take('*')) return {JsonPathStep::All{}};
    return field(name());
  }

  static JsonPathStep field(std::string name) { return {JsonPathStep::Fields{{std::move(name)}}}; }

  std::string name() {
    std::string made;
    while (!at_end()) {
      if (peek() == '\\' && place_ + 1 < text_.size()) {
        ++place_;
      } else if (is_name_end(peek())) {
        break;
      }
      made += text_[place_++];
    }
    if (made.empty()) wrong("a name is expected");
    return made;
  }

  JsonPathStep bracket() {
    skip_blanks();
    JsonPathStep step;
    if (take("?(")) {
      step.what = filter();
    } else if (take('*')) {
      step.what = JsonPathStep::All{};
    } else if (peek() == '\'' || peek() == '"') {
      step.what = fields();
    } else {
      step.what = elements();
    }
    skip_blanks();
    if (!take(']')) wrong("a closing bracket is expected");
    return step;
  }

  JsonPathStep::Fields fields() {
    JsonPathStep::Fields fields;
    do {
      skip_blanks();
      if (peek() != '\'' && peek() != '"') wrong("a quoted name is expected");
      fields.names.push_back(quoted());
      skip_blanks();
    } while (take(','));
    return fields;
  }

  JsonPathStep::Elements elements() {
    JsonPathStep::Elements elements;
    do {
      skip_blanks();
      elements.slices.push_back(slice());
      skip_blanks();
    } while (take(','));
    return elements;
  }

  JsonPathSlice slice() {
    JsonPathSlice slice;
    slice.from = number();
    if (!take(':')) {
      if (!slice.from) wrong("an index, a quoted name, * or ?( is expected");
      slice.is_one = true;
      return slice;
    }
    slice.to = number();
    if (!take(':')) return slice;
    const auto start = place_;
    slice.stride = number().value_or(1);
    if (slice.stride < 1) throw JsonPathWrong{start, "the step of a slice is at least 1"};
    return slice;
  }

  JsonPathFilter filter() {
    if (++filters_ > kMostNested) wrong("filters are nested too deeply");
    JsonPathFilter made;
    made.left = side();
    skip_blanks();
    made.compare = comparison();
    if (made.compare != JsonPathFilter::Compare::exists) made.right = side();
    skip_blanks();
    if (!take(')')) wrong("==, !=, <, <=, >, >= or a closing bracket is expected");
    --filters_;
    return made;
  }

  JsonPathFilter::Compare comparison() {
    using Compare = JsonPathFilter::Compare;
    if (take("==")) return Compare::equal;
    if (take("!=")) return Compare::unequal;
    if (take("<=")) return Compare::at_most;
    if (take(">=")) return Compare::at_least;
    if (take('<')) return Compare::less;
    if (take('>')) return Compare::greater;
    return Compare::exists;
  }

  JsonPathFilter::Side side() {
    skip_blanks();
    JsonPathFilter::Side side;
    if (peek() == '@' || peek() == '$' || peek() == '.') {
      side.is_path = true;
      side.path = path();
    } else if (peek() == '\'' || peek() == '"') {
      side.literal = quoted();
    } else {
      side.literal = bare_literal();
    }
    return side;
  }

  json bare_literal() {
    const auto start = place_;
    while (!at_end() && (peek() == '.' || !is_name_end(peek()))) ++place_;
    const auto word = text_.substr(start, place_ - start);
    auto value = json::parse(word.begin(), word.end(), nullptr, false);
    if (word.empty() || value.is_discarded()) {
      throw JsonPathWrong{start, "a path, a number, true, false or a quoted text is expected"};
    }
    return value;
  }

  std::size_t filters_ = 0;
};

}  // namespace

Result<std::vector<JsonPathPart>> parse_jsonpath(std::string_view text) {
  if (text.empty()) return fail(Errc::usage, "the JSONPath is empty", "edgectl help formatting");
  if (text.size() > kLongestTemplate) {
    return fail(Errc::usage,
                "the JSONPath is longer than " + std::to_string(kLongestTemplate) + " characters");
  }
  try {
    Parser parser(text);
    const bool is_bare = text.find('{') == std::string_view::npos;
    return is_bare ? parser.bare_expression() : parser.whole_template();
  } catch (const JsonPathWrong& wrong) {
    return fail(Errc::usage,
                "the JSONPath is wrong at character " + std::to_string(wrong.place + 1) + ": " +
                    wrong.why + "\n" + fleet::show_place(text, wrong.place),
                "edgectl help formatting");
  }
}

}  // namespace edge::control
