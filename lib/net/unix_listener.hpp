// A listener on a Unix socket, and its file: it goes with it, unless another has the name by then.
// Only its owner may connect (mode 0600, as with ssh). Any length of path.
#pragma once

#include <string>

#include "base/descriptor.hpp"
#include "base/error.hpp"

namespace edge::net {

class UnixListener {
 public:
  // Where it will be: its folder is held, so that listen() is where real_path() said.
  static Result<UnixListener> at(const std::string& path);
  UnixListener(UnixListener&& other) = default;
  UnixListener& operator=(UnixListener&&) = delete;
  ~UnixListener();

  const std::string& real_path() const { return real_path_; }  // without links

  // A socket that nobody listens on any more is replaced. Errc::conflict: somebody does, or the
  // file is no socket; not_allowed, not_found...
  Result<void> listen();
  int descriptor() const { return socket_.get(); }  // non-blocking

 private:
  UnixListener(Descriptor folder, std::string name, std::string path, std::string real_path)
      : folder_(std::move(folder)),
        name_(std::move(name)),
        path_(std::move(path)),
        real_path_(std::move(real_path)) {}
  bool nobody_listens() const;

  Descriptor folder_;
  std::string name_, path_, real_path_;
  Descriptor socket_;
  unsigned long long inode_ = 0;
};

// The same for who connects: what path names, by a number, so that it can be looked at before, and
// not be exchanged meanwhile.
struct UnixTarget {
  Descriptor file;
  std::string real_path;  // without links
};
Result<UnixTarget> find_unix_socket(const std::string& path);
// Non-blocking. Errc::not_found, not_allowed, unreachable (nobody listens), unavailable (too many
// wait for it: may be tried again).
Result<Descriptor> connect_unix_target(const UnixTarget& target);

}  // namespace edge::net
