#include "wire/check_in.hpp"

#include <algorithm>
#include <charconv>

#include "base/encoding.hpp"

namespace edge::wire {
namespace {

constexpr std::size_t kMostHeader = 1024;
constexpr std::size_t kMacBytes = 32;
constexpr std::size_t kTicketBytes = 16;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char c, char l) {
    return (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) == l;
  });
}

// Takes what is before the separator off the text; all of it when there is none.
std::string_view take_until(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const auto part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

bool is_base64url_of(std::string_view text, std::size_t bytes) {
  const auto decoded = from_base64url(text);
  return decoded && decoded->size() == bytes;
}

// Decimal and canonical, since the MAC is over the text and not over the number.
std::optional<std::uint64_t> parse_counter(std::string_view text) {
  std::uint64_t counter = 0;
  if (text.empty() || !is_digit(text.front()) || (text.front() == '0' && text.size() > 1)) {
    return std::nullopt;
  }
  const auto* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, counter);
  if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
  return counter;
}

// The texts of strangers are not repeated: an Authorization header is a secret.
Error not_authorized() {
  return fail(Errc::usage, "the Authorization header has neither a MAC nor a ticket");
}

Result<Authorization> parse_mac(std::string_view text) {
  MacAuthorization mac;
  const auto end_of_rest = text.rfind('.');
  if (end_of_rest == std::string_view::npos) return not_authorized();
  mac.rest = text.substr(0, end_of_rest);
  mac.mac = text.substr(end_of_rest + 1);
  std::string_view rest = mac.rest;
  auto endpoint = parse_endpoint_id(take_until(rest, '.'));
  auto instance = parse_instance_id(take_until(rest, '.'));
  const auto counter = parse_counter(rest);
  if (!endpoint || !instance || !counter || !is_base64url_of(mac.mac, kMacBytes)) {
    return not_authorized();
  }
  mac.endpoint = std::move(*endpoint);
  mac.instance = std::move(*instance);
  mac.counter = *counter;
  return Authorization{std::move(mac), {}};
}

// Seconds with up to three decimals: "5", "0.25".
std::string print_seconds(milliseconds time) {
  const auto count = std::max<std::int64_t>(0, time.count());
  auto text = std::to_string(count / 1000);
  if (count % 1000 == 0) return text;
  auto decimals = std::to_string(1000 + count % 1000).substr(1);
  decimals.erase(decimals.find_last_not_of('0') + 1);
  return text + "." + decimals;
}

std::optional<milliseconds> parse_seconds(std::string_view text) {
  constexpr std::size_t kMostDigits = 9;  // 31 years
  const auto dot = text.find('.');
  const auto whole = text.substr(0, dot);
  const auto decimals = dot == std::string_view::npos ? "0" : text.substr(dot + 1);
  const auto is_number = [](std::string_view digits, std::size_t most) {
    return !digits.empty() && digits.size() <= most &&
           std::all_of(digits.begin(), digits.end(), is_digit);
  };
  if (!is_number(whole, kMostDigits) || !is_number(decimals, 3)) return std::nullopt;
  std::int64_t count = 0;
  for (const char c : whole) count = count * 10 + (c - '0');
  for (std::size_t i = 0; i < 3; ++i) {
    count = count * 10 + (i < decimals.size() ? decimals[i] - '0' : 0);
  }
  return milliseconds{count};
}

}  // namespace

std::string_view ticket_of(std::string_view header) {
  if (header.size() > kMostHeader) return {};
  auto text = trimmed(header);
  if (!equal_ignoring_case(take_until(text, ' '), "edge")) return {};
  return text.find('.') == std::string_view::npos ? text : std::string_view();
}

Result<Authorization> parse_authorization(std::string_view header) {
  if (header.size() > kMostHeader) return not_authorized();
  auto text = trimmed(header);
  const auto scheme = take_until(text, ' ');
  if (!equal_ignoring_case(scheme, "edge")) return not_authorized();
  if (text.find('.') != std::string_view::npos) return parse_mac(text);
  if (!is_base64url_of(text, kTicketBytes)) return not_authorized();
  return Authorization{std::nullopt, std::string(text)};
}

std::string print_rest(const EndpointId& endpoint, const InstanceId& instance,
                       std::uint64_t counter) {
  return endpoint.text + "." + instance.text + "." + std::to_string(counter);
}

std::string print_pace(const Pace& pace) {
  return print_seconds(pace.interval) + "/" + print_seconds(pace.hold);
}

std::string print_not_needed(const Pace& pace, std::string_view ticket, bool keep_alive) {
  std::string text;
  text.reserve(128);
  text += "HTTP/1.1 204 \r\n";  // RFC 9112, section 4: the reason may be left out, its blank not
  if (!keep_alive) text += "Connection: close\r\n";
  text.append("Edge-Next: ").append(print_pace(pace)).append("\r\n");
  if (!ticket.empty()) text.append("Edge-Ticket: ").append(ticket).append("\r\n");
  text += "\r\n";
  return text;
}

std::optional<Pace> parse_pace(std::string_view header) {
  const auto slash = header.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto interval = parse_seconds(header.substr(0, slash));
  const auto hold = parse_seconds(header.substr(slash + 1));
  // An interval of nothing would make the agent ask without a pause.
  if (!interval || !hold || interval->count() == 0) return std::nullopt;
  return Pace{*interval, *hold};
}

std::string print_wait(milliseconds wait) {
  return "wait=" + print_seconds(wait);
}

std::optional<milliseconds> parse_wait(std::string_view prefer) {
  if (prefer.size() > kMostHeader) return std::nullopt;
  while (!prefer.empty()) {
    auto value = take_until(prefer, ',');
    value = take_until(value, ';');  // without the preference's parameters
    const auto name = trimmed(take_until(value, '='));
    if (equal_ignoring_case(name, "wait"))
      return parse_seconds(trimmed(value));  // the first counts
  }
  return std::nullopt;
}

}  // namespace edge::wire
