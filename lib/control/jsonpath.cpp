#include "control/jsonpath.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "control/jsonpath_parts.hpp"

namespace edge::control {
namespace {

using nlohmann::json;
using Values = std::vector<const json*>;

constexpr std::size_t kMostValues = 10'000'000;

struct TooMany {};  // thrown inside of this file only

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

class Evaluation {
 public:
  Evaluation(const json& root, std::string& out) : root_(root), out_(out) {}

  void print(const std::vector<JsonPathPart>& parts, const json& value) {
    for (const auto& part : parts) {
      switch (part.kind) {
        case JsonPathPart::Kind::text:
          out_ += part.text;
          break;
        case JsonPathPart::Kind::values:
          print_values(values_of(part.path, value));
          break;
        case JsonPathPart::Kind::range:
          for (const auto* element : values_of(part.path, value)) print(part.parts, *element);
          break;
      }
    }
  }

 private:
  void print_values(const Values& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out_ += ' ';
      print_value(*values[i]);
    }
  }

  void print_value(const json& value) {
    if (value.is_string()) {
      const auto& text = value.get_ref<const std::string&>();
      out_ += printable(text, text.size() * 3 + 3);
    } else if (!value.is_null()) {
      out_ += value.dump(-1, ' ', true, json::error_handler_t::replace);
    }
  }

  Values values_of(const JsonPathSteps& steps, const json& start) {
    Values values{&start};
    for (const auto& step : steps) {
      Values next;
      for (const auto* value : values) follow(step, *value, next);
      values = std::move(next);
    }
    return values;
  }

  void follow(const JsonPathStep& step, const json& value, Values& next) {
    std::visit(Overloaded{[&](const JsonPathStep::Fields& fields) {
                            for (const auto& name : fields.names) add_field(name, value, next);
                          },
                          [&](const JsonPathStep::Root&) { add(root_, next); },
                          [&](const JsonPathStep::All&) {
                            if (!value.is_structured()) return;
                            for (const auto& child : value) add(child, next);
                          },
                          [&](const JsonPathStep::Descend&) { descend(value, next); },
                          [&](const JsonPathStep::Elements& elements) {
                            for (const auto& slice : elements.slices) add_slice(slice, value, next);
                          },
                          [&](const JsonPathFilter& filter) {
                            if (!value.is_array()) return;
                            for (const auto& child : value) {
                              if (holds(filter, child)) add(child, next);
                            }
                          }},
               step.what);
  }

  void add(const json& value, Values& to) {
    if (++added_ > kMostValues) throw TooMany{};
    to.push_back(&value);
  }

  void add_field(const std::string& name, const json& value, Values& next) {
    if (!value.is_object()) return;
    const auto found = value.find(name);
    if (found != value.end()) add(*found, next);
  }

  void descend(const json& value, Values& next) {
    add(value, next);
    if (!value.is_structured()) return;
    for (const auto& child : value) descend(child, next);
  }

  void add_slice(const JsonPathSlice& slice, const json& value, Values& next) {
    if (!value.is_array()) return;
    const auto size = static_cast<std::int64_t>(value.size());
    const auto from_start = [size](std::int64_t place) { return place < 0 ? size + place : place; };
    if (slice.is_one) {
      const auto place = from_start(*slice.from);
      if (place >= 0 && place < size) add(value[static_cast<std::size_t>(place)], next);
      return;
    }
    const auto from = std::max<std::int64_t>(from_start(slice.from.value_or(0)), 0);
    const auto to = std::min(from_start(slice.to.value_or(size)), size);
    // No addition that could overflow: a stride may be anything.
    for (auto place = from; place < to; place += slice.stride) {
      add(value[static_cast<std::size_t>(place)], next);
      if (slice.stride > to - place) break;
    }
  }

  bool holds(const JsonPathFilter& filter, const json& value) {
    const auto* left = side(filter.left, value);
    if (filter.compare == JsonPathFilter::Compare::exists) return left != nullptr;
    const auto* right = side(filter.right, value);
    if (left == nullptr || right == nullptr) return false;
    return compare(filter.compare, *left, *right);
  }

  // Null: it is not there.
  const json* side(const JsonPathFilter::Side& side, const json& value) {
    if (!side.is_path) return &side.literal;
    const auto values = values_of(side.path, value);
    return values.empty() ? nullptr : values.front();
  }

  static bool compare(JsonPathFilter::Compare how, const json& left, const json& right) {
    using Compare = JsonPathFilter::Compare;
    if (how == Compare::equal) return left == right;
    if (how == Compare::unequal) return left != right;
    // The order of texts and of numbers means something; any other does not.
    const bool comparable =
        (left.is_number() && right.is_number()) || (left.is_string() && right.is_string());
    if (!comparable) return false;
    switch (how) {
      case Compare::less:
        return left < right;
      case Compare::at_most:
        return left <= right;
      case Compare::greater:
        return left > right;
      default:
        return left >= right;
    }
  }

  const json& root_;
  std::string& out_;
  std::size_t added_ = 0;
};

}  // namespace

Result<JsonPath> JsonPath::parse(std::string_view text) {
  auto parts = parse_jsonpath(text);
  if (!parts) return parts.error();
  JsonPath path;
  path.parts_ = std::make_shared<const std::vector<JsonPathPart>>(std::move(*parts));
  return path;
}

Result<std::string> JsonPath::print(const json& document) const {
  std::string out;
  try {
    Evaluation(document, out).print(*parts_, document);
  } catch (const TooMany&) {
    return fail(Errc::failure, "the JSONPath gives more than ten million values",
                "say which ones: {.items[*].name} instead of {..*}");
  }
  return out;
}

}  // namespace edge::control
