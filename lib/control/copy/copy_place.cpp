#include "control/copy/copy_place.hpp"

#include <algorithm>

namespace edge::control {
namespace {

using Kind = CopyPlace::Kind;

// "~" is the account's home, where every path starts that has no root.
std::string far_path(std::string path) {
  if (path == "~" || path == "~/") return ".";
  while (path.starts_with("~/")) path.erase(0, 2);
  return path.empty() ? "." : path;
}

Error usage(const std::string& why) {
  return fail(Errc::usage, why, "edgectl cp --help");
}

std::size_t count(const std::vector<CopyPlace>& places, Kind kind) {
  return static_cast<std::size_t>(std::count_if(places.begin(), places.end(),
                                                [kind](const auto& p) { return p.kind == kind; }));
}

Result<void> check(const CopyOrder& order, bool has_selector) {
  auto all = order.sources;
  all.push_back(order.target);
  const bool from_far = order.sources.front().is_far();
  for (const auto& source : order.sources) {
    if (source.is_far() != from_far)
      return usage("some sources are here and some on nodes: copy them one after the other");
  }
  if (from_far && order.target.is_far())
    return usage("from one node to another there is no way but by here: copy twice");
  if (!from_far && !order.target.is_far()) return usage("neither end is on a node: NAME:PATH is");
  const bool by_selector = count(all, Kind::chosen) > 0;
  if (by_selector && !has_selector)
    return usage("':PATH' is on the endpoints that -l chooses, and there is no -l");
  if (has_selector && !by_selector)
    return usage("-l chooses endpoints, and no end is ':PATH' on them");
  if (by_selector && count(all, Kind::node) + count(all, Kind::named_on_stdin) > 0)
    return usage("either names or -l choose the endpoints");
  for (const auto& one : order.sources) {
    for (const auto& other : order.sources) {
      if (one.is_far() && one.endpoint == other.endpoint && one.user != other.user)
        return usage("two accounts of one endpoint: copy one after the other");
    }
  }
  const auto streams = count(all, Kind::stream);
  if (streams > 0 && count(all, Kind::named_on_stdin) > 0 && order.target.is_far())
    return usage("stdin is either names (-:PATH) or what is copied (-), not both");
  if (streams > 0 && order.sources.size() > 1)
    return usage(order.target.is_far() ? "stdin is copied alone" : "stdout takes one source");
  if (order.target.kind == Kind::stream && order.has_folder_per_name())
    return usage("stdout takes the file of one node");
  return {};
}

}  // namespace

CopyPlace parse_copy_place(const std::string& text) {
  CopyPlace place;
  place.path = text;
  if (text == "-") {
    place.kind = Kind::stream;
    return place;
  }
  const auto colon = text.find(':');
  if (colon == std::string::npos || text.find('/') < colon) return place;
  auto name = text.substr(0, colon);
  place.path = far_path(text.substr(colon + 1));
  if (const auto at = name.rfind('@'); at != std::string::npos) {
    place.user = name.substr(0, at);
    name.erase(0, at + 1);
  }
  place.kind = name.empty() ? Kind::chosen : name == "-" ? Kind::named_on_stdin : Kind::node;
  if (place.kind == Kind::node) place.endpoint = name;
  return place;
}

bool CopyOrder::has_folder_per_name() const {
  if (is_upload()) return false;
  return std::any_of(sources.begin(), sources.end(), [this](const CopyPlace& source) {
    return source.kind != Kind::node || source.endpoint != sources.front().endpoint;
  });
}

Result<CopyOrder> parse_copy_order(const std::vector<std::string>& words, bool has_selector) {
  if (words.size() < 2) return usage("a copy needs a source and a target");
  CopyOrder order;
  for (const auto& word : words) order.sources.push_back(parse_copy_place(word));
  order.target = std::move(order.sources.back());
  order.sources.pop_back();
  if (auto good = check(order, has_selector); !good) return good.error();
  return order;
}

}  // namespace edge::control
