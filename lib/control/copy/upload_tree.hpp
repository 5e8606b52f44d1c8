// Files and folders to a node, many at once. Links in a folder stay links, whatever they lead to,
// so no loop of them is walked; pipes, sockets and devices are passed over with a word.
// Thread rule: one loop.
#pragma once

#include <unordered_map>

#include "base/descriptor.hpp"
#include "control/copy/jobs.hpp"
#include "control/copy/upload.hpp"

namespace edge::control {

class UploadTree {
 public:
  UploadTree(FarSide& far, const CopyTerms& terms, CopyListener& listener,
             net::asio::any_io_executor executor);
  ~UploadTree();

  // `source`: a path here, followed if it is a link. `target`: where it will be on the node.
  void add(std::string source, std::string target);
  // Everything that was added, so many files at once. What fails is told to the listener, and the
  // rest goes on.
  net::Task<> run(std::size_t at_once);

 private:
  struct Folder;
  struct Place;  // what is copied to where

  net::Task<> start(std::string source, std::string target);
  net::Task<> copy_file(Place place);
  net::Task<> copy_link(Place place);
  net::Task<> open_folder(Place place);
  net::Task<> close_folder(std::shared_ptr<Folder> folder);
  net::Task<Result<void>> make_there(Folder& folder);
  net::Task<Result<void>> put_link(const Place& place);
  net::Task<Result<void>> date_link(const Place& place);
  net::Task<Result<void>> list_there(Folder& folder);
  void list_here(std::shared_ptr<Folder> folder);
  void add_entry(const std::shared_ptr<Folder>& folder, const std::string& name);
  void done(const std::shared_ptr<Folder>& folder);
  void failed(const std::string& shown, const Error& error);
  net::Task<Result<FarTarget>> target_of(const Place& place);

  FarSide& far_;
  const CopyTerms& terms_;
  CopyListener& listener_;
  Jobs jobs_;
};

}  // namespace edge::control
