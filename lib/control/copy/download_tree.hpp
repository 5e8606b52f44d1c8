// Files and folders from a node, many at once. The node's names are hostile: nothing is written
// outside of the folders that are open here, whatever links lie in them. Links stay links; pipes,
// sockets and devices are passed over with a word. Thread rule: one loop.
#pragma once

#include "base/descriptor.hpp"
#include "control/copy/download.hpp"
#include "control/copy/jobs.hpp"

namespace edge::control {

class DownloadTree {
 public:
  DownloadTree(FarSide& far, const CopyTerms& terms, CopyListener& listener,
               net::asio::any_io_executor executor);
  ~DownloadTree();

  // `source`: a path on the node, followed if it is a link. Into the folder `into`, by `name`; an
  // empty name: what is in the source goes straight into the folder.
  void add(std::string source, std::shared_ptr<Descriptor> into, std::string name);
  // Everything that was added, so many files at once. What fails is told to the listener, and the
  // rest goes on.
  net::Task<> run(std::size_t at_once);

 private:
  struct Folder;
  struct Place;

  net::Task<> start(std::string source, std::shared_ptr<Descriptor> into, std::string name);
  net::Task<> copy_file(Place place);
  net::Task<> copy_link(Place place);
  net::Task<> open_folder(Place place);
  net::Task<> close_folder(std::shared_ptr<Folder> folder);
  net::Task<Result<void>> list_there(std::shared_ptr<Folder> folder);
  net::Task<Result<void>> put_link(const Place& place);
  void add_entry(const std::shared_ptr<Folder>& folder, const sftp::Entry& entry);
  void done(const std::shared_ptr<Folder>& folder);
  void failed(const std::string& shown, const Error& error);

  FarSide& far_;
  const CopyTerms& terms_;
  CopyListener& listener_;
  Jobs jobs_;
};

}  // namespace edge::control
