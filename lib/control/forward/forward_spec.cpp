#include "control/forward/forward_spec.hpp"

#include <charconv>
#include <vector>

#include "base/address.hpp"
#include "base/text.hpp"

namespace edge::control {
namespace {

using Kind = ForwardSpec::Kind;

constexpr std::size_t kMostFields = 4;
constexpr std::size_t kMostHost = 253, kMostPath = 4'095;

struct Field {
  std::string text;
  bool is_path = false;
};

struct Flag {
  const char* name;
  const char* form;
};

Flag flag_of(Kind kind) {
  switch (kind) {
    case Kind::local:
      return {"-L", "-L [BIND:]PORT:HOST:HOSTPORT, with /SOCKET in the place of either side"};
    case Kind::remote:
      return {"-R",
              "-R [BIND:]PORT:HOST:HOSTPORT, with /SOCKET in the place of either side, or "
              "-R [BIND:]PORT"};
    case Kind::dynamic:
      break;
  }
  return {"-D", "-D [BIND:]PORT or -D /SOCKET"};
}

// One of what the flag's value consists of, in its reader's words.
class Reader {
 public:
  Reader(Kind kind, std::string_view text) : kind_(kind), text_(text) {}

  Error mistake(const std::string& what) const {
    const auto flag = flag_of(kind_);
    return fail(Errc::usage, std::string(flag.name) + " '" + printable(text_) + "': " + what,
                flag.form);
  }

  Result<std::vector<Field>> fields() const {
    std::vector<Field> found;
    auto rest = text_;
    for (bool more = true; more;) {
      if (found.size() == kMostFields) return mistake("it has more than four parts");
      auto field = rest.starts_with('[') ? bracketed(rest, more) : plain(rest, more);
      if (!field) return field.error();
      found.push_back(std::move(*field));
    }
    return found;
  }

  Result<std::uint16_t> port(const Field& field, bool may_be_any) const {
    std::uint16_t number = 0;
    const auto* end = field.text.data() + field.text.size();
    const auto [stop, error] = std::from_chars(field.text.data(), end, number);
    if (field.text.empty() || error != std::errc{} || stop != end)
      return mistake("'" + printable(field.text) + "' is no port");
    if (number == 0 && !may_be_any) return mistake("port 0 cannot be connected to");
    return number;
  }

  Result<ForwardPlace> socket(const Field& field, bool is_far) const {
    if (field.text.size() > kMostPath) return mistake("the path of the socket is too long");
    if (is_far && !field.text.starts_with('/'))
      return mistake("the far socket '" + printable(field.text) + "' needs a path from / on");
    return ForwardPlace{field.text, "", 0};
  }

  Result<ForwardPlace> target(const Field& host, const Field& port_field) const {
    if (host.text.empty()) return mistake("the host to connect to is empty");
    if (host.is_path) return mistake("a socket has no port ('" + printable(port_field.text) + "')");
    if (host.text.size() > kMostHost) return mistake("the host's name is too long");
    const auto number = port(port_field, false);
    if (!number) return number.error();
    return ForwardPlace{"", host.text, *number};
  }

  Result<ForwardPlace> listener(const Field* bind, const Field& port_field) const {
    const auto number = port(port_field, true);
    if (!number) return number.error();
    if (bind == nullptr) return ForwardPlace{"", "localhost", *number};
    if (bind->is_path)
      return mistake("a socket has no port ('" + printable(port_field.text) + "')");
    if (bind->text.size() > kMostHost) return mistake("the address to bind to is too long");
    return ForwardPlace{"", bind->text == "*" ? "" : bind->text, *number};
  }

 private:
  Result<Field> bracketed(std::string_view& rest, bool& more) const {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) return mistake("a '[' has no ']'");
    Field field{std::string(rest.substr(1, end - 1)), false};
    field.is_path = field.text.find('/') != std::string::npos;
    rest.remove_prefix(end + 1);
    more = !rest.empty();
    if (more && rest.front() != ':') return mistake("after ']' comes ':'");
    if (more) rest.remove_prefix(1);
    return field;
  }

  Result<Field> plain(std::string_view& rest, bool& more) const {
    Field field;
    std::size_t at = 0;
    for (; at < rest.size() && rest[at] != ':'; ++at) {
      if (rest[at] == '\\' && ++at == rest.size()) return mistake("it ends in a backslash");
      field.is_path = field.is_path || rest[at] == '/';
      field.text += rest[at];
    }
    more = at < rest.size();
    rest.remove_prefix(at + (more ? 1 : 0));
    return field;
  }

  Kind kind_;
  std::string_view text_;
};

struct Sides {
  Result<ForwardPlace> listen;
  std::optional<Result<ForwardPlace>> target;
};

Sides sides_of(Kind kind, const Reader& reader, const std::vector<Field>& fields) {
  const auto count = fields.size();
  const auto& last = fields.back();
  const bool listens_here = kind != Kind::remote;
  const bool is_dynamic = kind == Kind::dynamic;
  // How many parts the listener has: a socket is one, a port one or two.
  const std::size_t target_size = last.is_path ? 1 : 2;
  if (is_dynamic || (kind == Kind::remote && !last.is_path && count <= 2 && !fields[0].is_path)) {
    if (count == 1 && last.is_path) return {reader.socket(last, !listens_here), {}};
    if (count > 2) return {reader.mistake("a SOCKS listener has no target"), {}};
    if (last.is_path || (count == 2 && fields[0].is_path))
      return {reader.mistake("a SOCKS listener is a port or a socket"), {}};
    return {reader.listener(count == 2 ? &fields[0] : nullptr, last), {}};
  }
  if (count <= target_size) return {reader.mistake("it does not say where to"), {}};
  if (count - target_size > 2) return {reader.mistake("it has too many parts for a socket"), {}};
  const auto target =
      last.is_path ? reader.socket(last, listens_here) : reader.target(fields[count - 2], last);
  if (count - target_size == 2) return {reader.listener(&fields[0], fields[1]), target};
  if (fields[0].is_path) return {reader.socket(fields[0], !listens_here), target};
  return {reader.listener(nullptr, fields[0]), target};
}

}  // namespace

std::string print_place(const ForwardPlace& place) {
  if (place.is_socket()) return place.path;
  return format_host_port({place.host.empty() ? "*" : place.host, place.port});
}

Result<ForwardSpec> parse_forward(Kind kind, std::string_view text) {
  const Reader reader(kind, text);
  if (text.find('\0') != std::string_view::npos) return reader.mistake("it holds a zero byte");
  const auto fields = reader.fields();
  if (!fields) return fields.error();
  const auto sides = sides_of(kind, reader, *fields);
  if (!sides.listen) return sides.listen.error();
  ForwardSpec spec;
  spec.kind = kind;
  spec.text = std::string(flag_of(kind).name) + " " + std::string(text);
  spec.listen = *sides.listen;
  if (sides.target) {
    if (!*sides.target) return sides.target->error();
    spec.target = **sides.target;
  }
  return spec;
}

}  // namespace edge::control
