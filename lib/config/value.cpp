#include "config/value.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"

namespace edge::config {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

Error refusal(const Key& key, std::string_view text) {
  return fail(Errc::usage,
              key.path + ": '" + printable(text, 64) + "' is not accepted, write " + accepted(key));
}

std::string bounds(const Key& key, const std::string& least, const std::string& most) {
  return key.most == INT64_MAX ? least + " or more" : least + " to " + most;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

bool is_within(const Key& key, std::int64_t number) {
  return number >= key.least && number <= key.most;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// A newline in an address or an account name is a mistake at best, and a forged log line at worst.
Result<std::string> parse_text(const Key& key, std::string_view text) {
  if (text.size() > kMaxText) {
    return fail(Errc::usage, key.path + ": longer than " + std::to_string(kMaxText) + " bytes");
  }
  if (std::any_of(text.begin(), text.end(), is_control)) {
    return fail(Errc::usage,
                key.path + ": '" + printable(text, 64) + "' holds a control character");
  }
  // yaml-cpp lets a missing closing quote swallow the rest of the file; what it gives then ends in
  // a space.
  if (trimmed(text) != text) {
    return fail(Errc::usage, key.path + ": '" + printable(text, 64) +
                                 "' begins or ends with a space (is a quote missing?)");
  }
  return std::string(text);
}

Result<std::uint32_t> parse_number(const Key& key, std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !is_within(key, number)) {
    return refusal(key, text);
  }
  return number;
}

Result<milliseconds> parse_time(const Key& key, std::string_view text) {
  if (key.can_be_off && text == "off") return milliseconds{0};
  const auto duration = parse_duration(text);
  if (!duration || !is_within(key, duration->count())) return refusal(key, text);
  return *duration;
}

Result<Rate> parse_limit(const Key& key, std::string_view text) {
  if (key.can_be_off && text == "off") return Rate{};
  const auto rate = parse_rate(text);
  if (!rate) return fail(Errc::usage, key.path + ": " + rate.error().message, rate.error().hint);
  return Rate{*rate};
}

// As parse_text, but nothing of it is repeated.
Result<Value> parse_secret(const Key& key, std::string_view text) {
  const bool good = text.size() <= kMaxText && trimmed(text) == text &&
                    std::none_of(text.begin(), text.end(), is_control);
  if (good) return Value{Secret(text)};
  return fail(Errc::usage, key.path + ": too long, or with control characters or spaces around it");
}

// Paths are absolute: a daemon's working folder is nobody's business.
Result<std::filesystem::path> parse_path(const Key& key, std::string_view text) {
  const auto checked = parse_text(key, text);
  if (!checked) return checked.error();
  if (!text.starts_with('/')) return refusal(key, text);
  return std::filesystem::path(*checked);
}

// "a, b" as `settings set` and get_value() write it; "" is the empty list.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> entries;
  if (trimmed(text).empty()) return entries;
  while (entries.size() <= kMaxEntries) {
    const auto comma = text.find(',');
    entries.emplace_back(trimmed(text.substr(0, comma)));
    if (comma == text.npos) break;
    text.remove_prefix(comma + 1);
  }
  return entries;
}

constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};

std::string level_text(log::Level level) {
  return std::string(kLevels.at(static_cast<std::size_t>(level)));
}

template <class Member, class Parsed>
Result<Value> as_value(Result<Parsed> parsed) {
  if (!parsed) return parsed.error();
  return Value{std::in_place_type<Member>, std::move(*parsed)};
}

}  // namespace

Result<Value> parse_value(const Key& key, std::string_view text) {
  return std::visit(
      Overloaded{
          [&](std::string*) { return as_value<std::string>(parse_text(key, text)); },
          [&](std::vector<std::string>*) { return parse_list(key, split(text)); },
          [&](std::uint32_t*) { return as_value<std::uint32_t>(parse_number(key, text)); },
          [&](Secret*) { return parse_secret(key, text); },
          [&](Rate*) { return as_value<Rate>(parse_limit(key, text)); },
          [&](bool*) -> Result<Value> {
            if (text != "true" && text != "false") return refusal(key, text);
            return Value{text == "true"};
          },
          [&](milliseconds*) { return as_value<milliseconds>(parse_time(key, text)); },
          [&](std::filesystem::path*) {
            return as_value<std::filesystem::path>(parse_path(key, text));
          },
          [&](log::Level*) -> Result<Value> {
            log::Level level{};
            if (!log::parse_level(text, level)) return refusal(key, text);
            return Value{level};
          },
      },
      key.target);
}

Result<Value> parse_list(const Key& key, const std::vector<std::string>& entries) {
  if (entries.size() > kMaxEntries) {
    return fail(Errc::usage, key.path + ": more than " + std::to_string(kMaxEntries) + " entries");
  }
  for (const auto& entry : entries) {
    if (entry.empty()) return fail(Errc::usage, key.path + ": holds an empty entry");
    if (auto checked = parse_text(key, entry); !checked) return checked.error();
    // get_value() joins with commas; an entry that holds one would come back as two.
    if (entry.find(',') != entry.npos) return refusal(key, entry);
  }
  return Value{entries};
}

void assign(const Key& key, Value value) {
  std::visit(
      [&](auto* member) { *member = std::get<std::decay_t<decltype(*member)>>(std::move(value)); },
      key.target);
}

std::string accepted(const Key& key) {
  return std::visit(
      Overloaded{
          [](std::string*) { return std::string("text"); },
          [](Secret*) { return std::string("text"); },
          [](std::vector<std::string>*) {
            return std::string("a list without commas inside its entries");
          },
          [&](std::uint32_t*) {
            return "a number, " + bounds(key, std::to_string(key.least), std::to_string(key.most));
          },
          [](bool*) { return std::string("true or false"); },
          [&](milliseconds*) {
            return "a duration with its unit, " +
                   bounds(key, format_duration(milliseconds{key.least}),
                          format_duration(milliseconds{key.most})) +
                   (key.can_be_off ? ", or off" : "");
          },
          [&](Rate*) {
            return "a rate such as 500K, 10M or 80Mbit" +
                   std::string(key.can_be_off ? ", or off" : "");
          },
          [](std::filesystem::path*) { return std::string("a path that starts with /"); },
          [](log::Level*) { return std::string("debug, info, warning or error"); },
      },
      key.target);
}

bool is_list(const Key& key) {
  return std::holds_alternative<std::vector<std::string>*>(key.target);
}

Result<void> set_value(const Key& key, std::string_view text) {
  auto value = parse_value(key, text);
  if (!value) return value.error();
  assign(key, std::move(*value));
  return {};
}

std::string get_value(const Key& key) {
  return std::visit(
      Overloaded{
          [](const std::string* text) { return *text; },
          [](const std::vector<std::string>* entries) {
            std::string joined;
            for (const auto& entry : *entries) joined += (joined.empty() ? "" : ", ") + entry;
            return joined;
          },
          [](const std::uint32_t* number) { return std::to_string(*number); },
          [](const Secret* secret) { return std::string(secret->empty() ? "" : "***"); },
          [](const bool* yes) { return std::string(*yes ? "true" : "false"); },
          [&](const milliseconds* duration) {
            const bool off = key.can_be_off && duration->count() == 0;
            return off ? std::string("off") : format_duration(*duration);
          },
          [&](const Rate* rate) {
            const bool off = key.can_be_off && rate->bytes_per_second == 0;
            return off ? std::string("off") : format_rate(rate->bytes_per_second);
          },
          [](const std::filesystem::path* path) { return path->string(); },
          [](const log::Level* level) { return level_text(*level); },
      },
      key.target);
}

const Key* find_key(const std::vector<Key>& keys, std::string_view path) {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.path == path; });
  return found == keys.end() ? nullptr : &*found;
}

}  // namespace edge::config
