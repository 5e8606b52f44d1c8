// One end of a copy as it was written: a path here, NAME:PATH on a node, or "-". Pure.
//
//   app.tar               here         ./odd:name       here, for there is a slash before the colon
//   shop-17:/opt/         on a node    deploy@shop-17:  in the home of an account
//   :/opt/                on each of the endpoints that -l chose
//   -:/opt/               on each of those whose names are on stdin
//   -                     stdin as a source, stdout as a target
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"

namespace edge::control {

struct CopyPlace {
  enum class Kind { local, node, chosen, named_on_stdin, stream };
  Kind kind = Kind::local;
  std::string user;      // on nodes; empty: root, or the agent's own where it is not root
  std::string endpoint;  // node: its name, not looked at yet
  std::string path;      // on nodes relative to the account's home; never empty

  bool is_far() const {
    return kind == Kind::node || kind == Kind::chosen || kind == Kind::named_on_stdin;
  }
  bool operator==(const CopyPlace&) const = default;
};

CopyPlace parse_copy_place(const std::string& text);

// What is to be copied where. Errc::usage for what cannot be: both ends here, both on nodes, "-"
// for data and for names, a selector without ":PATH"...
struct CopyOrder {
  std::vector<CopyPlace> sources;
  CopyPlace target;

  bool is_upload() const { return target.is_far(); }
  // A target folder of its own for each endpoint: there may be several.
  bool has_folder_per_name() const;
};

Result<CopyOrder> parse_copy_order(const std::vector<std::string>& words, bool has_selector);

}  // namespace edge::control
