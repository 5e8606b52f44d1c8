#include "control/copy/download_tree.hpp"

#include <fcntl.h>

#include <cerrno>

#include "control/copy/local_source.hpp"
#include "control/copy/part_name.hpp"

namespace edge::control {
namespace {

constexpr int kDeepest = 200;
constexpr mode_t kOwnersAll = 0700;  // while a folder is filled

// Opens the folder, which may be there already; never through a link.
Result<void> make_folder(int in, const std::string& name, mode_t mode, Descriptor& opened,
                         bool& is_new) {
  is_new = ::mkdirat(in, name.c_str(), (mode & 0777) | kOwnersAll) == 0;
  if (!is_new && errno != EEXIST) return local_error("", errno);
  opened.reset(::openat(in, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (opened) return {};
  if (errno == ELOOP || errno == ENOTDIR)
    return fail(Errc::failure, "what is here is no folder: Not a directory");
  return local_error("", errno);
}

}  // namespace

// A folder that is being copied. Shared by the jobs of what is in it.
struct DownloadTree::Folder {
  std::shared_ptr<Descriptor> here;
  std::string there;
  sftp::Attributes about;
  bool is_new = false;
  std::shared_ptr<Folder> parent;
  std::size_t left = 0;  // entries that are not done
  int depth = 0;
};

struct DownloadTree::Place {
  std::string there;
  sftp::Attributes about;
  std::shared_ptr<Descriptor> into;
  std::string name;
  std::shared_ptr<Folder> folder;  // null: named by the operator
};

DownloadTree::DownloadTree(FarSide& far, const CopyTerms& terms, CopyListener& listener,
                           net::asio::any_io_executor executor)
    : far_(far), terms_(terms), listener_(listener), jobs_(std::move(executor)) {}

DownloadTree::~DownloadTree() = default;

void DownloadTree::add(std::string source, std::shared_ptr<Descriptor> into, std::string name) {
  ++listener_.meter.to_list;
  jobs_.push([this, source = std::move(source), into = std::move(into), name = std::move(name)] {
    return start(source, into, name);
  });
}

net::Task<> DownloadTree::run(std::size_t at_once) {
  return jobs_.run(at_once);
}

void DownloadTree::failed(const std::string& shown, const Error& error) {
  ++listener_.meter.failed;
  if (error.code == Errc::unreachable) jobs_.drop();  // nothing of what is left can work
  listener_.on_failure(shown, error);
}

net::Task<> DownloadTree::start(std::string source, std::shared_ptr<Descriptor> into,
                                std::string name) {
  const auto about = co_await far_.files.stat(source);
  const bool lists = about && about->is_folder() && terms_.recursive;
  if (!lists) --listener_.meter.to_list;
  if (!about) {
    failed(source, about.error());
    co_return;
  }
  const Place place{source, *about, into, name, nullptr};
  if (about->is_folder() && !terms_.recursive) {
    failed(source, fail(Errc::usage, "it is a folder, which only -r copies"));
  } else if (about->is_folder()) {
    co_await open_folder(place);
  } else if (about->is_file()) {
    ++listener_.meter.files_to_copy;
    listener_.meter.bytes_to_copy += about->size.value_or(0);
    co_await copy_file(place);
  } else {
    failed(source, fail(Errc::failure, "not a regular file"));
  }
}

net::Task<> DownloadTree::copy_file(Place place) {
  auto target = look_at_target(place.into->get(), place.name);
  Result<void> copied;
  if (target) {
    copied = co_await download_file(far_, terms_, listener_, place.there, place.about,
                                    std::move(*target));
  } else {
    copied = target.error();
  }
  if (copied) {
    ++listener_.meter.files;
  } else {
    failed(place.there, copied.error());
  }
  done(place.folder);
}

net::Task<Result<void>> DownloadTree::put_link(const Place& place) {
  const auto leads_to = co_await far_.files.read_link(place.there);
  if (!leads_to) co_return leads_to.error();
  const auto target = look_at_target(place.into->get(), place.name);
  if (!target) co_return target.error();
  const auto part = part_name(place.name);
  const int folder = place.into->get();
  if (::unlinkat(folder, part.c_str(), 0) != 0 && errno != ENOENT) co_return local_error("", errno);
  if (::symlinkat(leads_to->c_str(), folder, part.c_str()) != 0) co_return local_error("", errno);
  if (terms_.preserve && place.about.times) {
    const timespec times[] = {{place.about.times->accessed, 0}, {place.about.times->modified, 0}};
    if (::utimensat(folder, part.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
      co_return local_error("", errno);
  }
  if (::renameat(folder, part.c_str(), folder, place.name.c_str()) != 0)
    co_return local_error("", errno);
  co_return Result<void>{};
}

net::Task<> DownloadTree::copy_link(Place place) {
  const auto put = co_await put_link(place);
  if (!put) failed(place.there, put.error());
  done(place.folder);
}

net::Task<> DownloadTree::open_folder(Place place) {
  auto folder = std::make_shared<Folder>();
  folder->there = place.there;
  folder->about = place.about;
  folder->parent = place.folder;
  folder->depth = place.folder ? place.folder->depth + 1 : 0;
  Result<void> opened;
  if (folder->depth > kDeepest) {
    opened = fail(Errc::failure, "more folders in each other than " + std::to_string(kDeepest));
  } else if (place.name.empty()) {
    folder->here = place.into;
  } else {
    folder->here = std::make_shared<Descriptor>();
    opened = make_folder(place.into->get(), place.name, place.about.mode.value_or(0755),
                         *folder->here, folder->is_new);
  }
  ++folder->left;  // until all of it is listed
  if (opened) opened = co_await list_there(folder);
  --listener_.meter.to_list;
  if (!opened) failed(folder->there, opened.error());
  done(folder);
}

net::Task<Result<void>> DownloadTree::list_there(std::shared_ptr<Folder> folder) {
  const auto entries = co_await far_.files.list(folder->there);
  if (!entries) co_return entries.error();
  for (const auto& entry : *entries) add_entry(folder, entry);
  co_return Result<void>{};
}

void DownloadTree::add_entry(const std::shared_ptr<Folder>& folder, const sftp::Entry& entry) {
  const auto there = join_path(folder->there, entry.name);
  if (!sftp::is_plain_name(entry.name))
    return failed(there, fail(Errc::not_allowed, "its name leads out of its folder"));
  Place place{there, entry.attributes, folder->here, entry.name, folder};
  const auto push = [&](net::Task<> (DownloadTree::*job)(Place)) {
    ++folder->left;
    jobs_.push([this, job, place = std::move(place)] { return (this->*job)(place); });
  };
  if (entry.attributes.is_folder()) {
    ++listener_.meter.to_list;
    push(&DownloadTree::open_folder);
  } else if (entry.attributes.is_link()) {
    push(&DownloadTree::copy_link);
  } else if (entry.attributes.is_file()) {
    ++listener_.meter.files_to_copy;
    listener_.meter.bytes_to_copy += entry.attributes.size.value_or(0);
    push(&DownloadTree::copy_file);
  } else {
    listener_.on_note(there, "passed over: neither a file nor a folder nor a link");
  }
}

// One entry of the folder less; after the last one the folder itself gets what it shall have.
void DownloadTree::done(const std::shared_ptr<Folder>& folder) {
  if (!folder || --folder->left > 0) return;
  jobs_.push([this, folder] { return close_folder(folder); });
}

net::Task<> DownloadTree::close_folder(std::shared_ptr<Folder> folder) {
  const auto& about = folder->about;
  const auto mode = static_cast<mode_t>(about.mode.value_or(0755)) & 07777;
  const bool was_opened = folder->is_new && (mode & kOwnersAll) != kOwnersAll;
  const bool is_open = folder->here && *folder->here;
  if (is_open && (terms_.preserve || was_opened)) {
    if (::fchmod(folder->here->get(), mode) != 0) failed(folder->there, local_error("", errno));
  }
  if (is_open && terms_.preserve && about.times) {
    const timespec times[] = {{about.times->accessed, 0}, {about.times->modified, 0}};
    if (::futimens(folder->here->get(), times) != 0) failed(folder->there, local_error("", errno));
  }
  done(folder->parent);
  co_return;
}

}  // namespace edge::control
