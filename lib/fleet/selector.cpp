#include "fleet/selector.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace edge::fleet {
namespace {

constexpr const char* kHint = "edgectl help selectors";
constexpr std::size_t kAroundPlace = 30;  // bytes shown before and after it

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_mark(char c) {
  return c == ',' || c == '=' || c == '!' || c == '(' || c == ')';
}

// A word, a mark ("=", "==", "!=", "!", ",", "(", ")"), or the end ("").
struct Token {
  std::string_view text;
  std::size_t place = 0;

  bool is_end() const { return text.empty(); }
  bool is_word() const { return !text.empty() && !is_mark(text.front()); }
};

class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) { advance(); }

  const Token& current() const { return current_; }
  Token take() {
    const Token taken = current_;
    advance();
    return taken;
  }
  bool take_if(std::string_view mark) {
    if (current_.text != mark) return false;
    advance();
    return true;
  }
  std::string_view text() const { return text_; }

 private:
  void advance() {
    while (next_ < text_.size() && is_blank(text_[next_])) ++next_;
    const std::size_t start = next_;
    if (start < text_.size()) next_ = end_of(start);
    current_ = {text_.substr(start, next_ - start), start};
  }
  std::size_t end_of(std::size_t start) const {
    if (is_mark(text_[start])) {
      const auto two = text_.substr(start, 2);
      return start + (two == "==" || two == "!=" ? 2 : 1);
    }
    std::size_t end = start;
    while (end < text_.size() && !is_blank(text_[end]) && !is_mark(text_[end])) ++end;
    return end;
  }

  std::string_view text_;
  std::size_t next_ = 0;
  Token current_;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : tokens_(text) {}

  Result<Selector> selector() {
    if (tokens_.current().is_end()) return fail(Errc::usage, "the selector is empty", kHint);
    std::vector<Requirement> requirements;
    while (true) {
      auto one = requirement();
      if (!one) return one.error();
      requirements.push_back(std::move(*one));
      if (tokens_.current().is_end()) return Selector(std::move(requirements));
      if (!tokens_.take_if(",")) return wrong("a comma is expected between two requirements");
    }
  }

 private:
  Result<Requirement> requirement() {
    Requirement made;
    const bool absent = tokens_.take_if("!");
    auto key = label_key();
    if (!key) return key.error();
    made.key = std::move(*key);
    if (absent) {
      made.kind = Requirement::Kind::is_absent;
      return made;
    }
    if (tokens_.take_if("=") || tokens_.take_if("==")) return with_value(made, true);
    if (tokens_.take_if("!=")) return with_value(made, false);
    const auto word = tokens_.current();
    if (word.text == "in" || word.text == "notin") {
      tokens_.take();
      return with_values(made, word.text == "in");
    }
    if (word.is_word()) {
      return wrong("after a key comes =, !=, in (...), notin (...), a comma or the end");
    }
    return made;  // exists
  }

  Result<std::string> label_key() {
    const auto& token = tokens_.current();
    if (!token.is_word()) return wrong("a label's key is expected here");
    if (!is_label_key(token.text)) return wrong("this is no label's key", kLabelKeyRule);
    return std::string(tokens_.take().text);
  }

  // A missing word is the empty value, as in "site=" and "in (a,)".
  Result<std::string> label_value() {
    if (!tokens_.current().is_word()) return std::string();
    if (!is_label_value(tokens_.current().text)) {
      return wrong("this is no label's value", kLabelValueRule);
    }
    return std::string(tokens_.take().text);
  }

  Result<Requirement> with_value(Requirement made, bool equal) {
    auto value = label_value();
    if (!value) return value.error();
    made.kind = equal ? Requirement::Kind::is_one_of : Requirement::Kind::is_none_of;
    made.values.push_back(std::move(*value));
    return made;
  }

  Result<Requirement> with_values(Requirement made, bool in) {
    made.kind = in ? Requirement::Kind::is_one_of : Requirement::Kind::is_none_of;
    if (!tokens_.take_if("(")) return wrong("the values stand in brackets: in (a,b)");
    if (tokens_.current().text == ")") return wrong("there must be a value in the brackets");
    do {
      auto value = label_value();
      if (!value) return value.error();
      made.values.push_back(std::move(*value));
    } while (tokens_.take_if(","));
    if (!tokens_.take_if(")")) return wrong("a comma or the closing bracket is expected");
    std::sort(made.values.begin(), made.values.end());
    made.values.erase(std::unique(made.values.begin(), made.values.end()), made.values.end());
    return made;
  }

  Error wrong(const char* why, const char* hint = kHint) const {
    const auto place = tokens_.current().place;
    return fail(Errc::usage,
                "the selector is wrong at character " + std::to_string(place + 1) + ": " + why +
                    "\n" + show_place(tokens_.text(), place),
                hint);
  }

  Tokens tokens_;
};

}  // namespace

bool Requirement::holds_for(const Labels& labels) const {
  const auto found = labels.find(key);
  const bool there = found != labels.end();
  const auto is_listed = [&] {
    return there && std::find(values.begin(), values.end(), found->second) != values.end();
  };
  switch (kind) {
    case Kind::is_one_of:
      return is_listed();
    case Kind::is_none_of:
      return !is_listed();
    case Kind::exists:
      return there;
    case Kind::is_absent:
      return !there;
  }
  return false;
}

std::string print_requirement(const Requirement& requirement) {
  using Kind = Requirement::Kind;
  if (requirement.kind == Kind::exists) return requirement.key;
  if (requirement.kind == Kind::is_absent) return "!" + requirement.key;
  const bool in = requirement.kind == Kind::is_one_of;
  if (requirement.values.size() == 1) {
    return requirement.key + (in ? "=" : "!=") + requirement.values.front();
  }
  std::string list;
  for (std::size_t i = 0; i < requirement.values.size(); ++i) {
    list += (i == 0 ? "" : ",") + requirement.values[i];
  }
  return requirement.key + (in ? " in (" : " notin (") + list + ")";
}

bool Selector::matches(const Labels& labels) const {
  return std::all_of(requirements_.begin(), requirements_.end(),
                     [&](const Requirement& one) { return one.holds_for(labels); });
}

std::string print_selector(const Selector& selector) {
  std::string text;
  for (const auto& one : selector.requirements()) {
    text += (text.empty() ? "" : ",") + print_requirement(one);
  }
  return text;
}

Result<Selector> parse_selector(std::string_view text) {
  if (text.size() > kLongestSelector) {
    return fail(Errc::usage,
                "the selector has " + std::to_string(text.size()) + " characters; at most " +
                    std::to_string(kLongestSelector) + " are read",
                "give names instead: edgectl ls -q | grep ... | edgectl ... -");
  }
  return Parser(text).selector();
}

// One column a byte: whatever is not printable ASCII becomes a question mark, so that the caret
// stands where it should.
std::string show_place(std::string_view text, std::size_t place) {
  place = std::min(place, text.size());
  const std::size_t from = place > kAroundPlace ? place - kAroundPlace : 0;
  const bool cut_before = from > 0;
  const bool cut_after = text.size() - place > kAroundPlace;
  std::string shown(text.substr(from, place - from + kAroundPlace));
  for (char& c : shown) {
    if (c < ' ' || c > '~') c = is_blank(c) ? ' ' : '?';
  }
  return (cut_before ? "..." : "") + shown + (cut_after ? "..." : "") + "\n" +
         std::string(place - from + (cut_before ? 3 : 0), ' ') + "^";
}

}  // namespace edge::fleet
