#include "control/copy/upload_tree.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <array>
#include <cerrno>

#include "control/copy/part_name.hpp"

namespace edge::control {
namespace {

constexpr int kDeepest = 200;
constexpr std::uint32_t kOwnersAll = 0700;  // while a folder is filled

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

}  // namespace

// A folder that is being copied. Shared by the jobs of what is in it.
struct UploadTree::Folder {
  Descriptor here;
  std::string shown, there;
  struct stat about {};
  std::optional<sftp::Attributes> existing;                  // on the node, before
  std::unordered_map<std::string, sftp::Attributes> inside;  // the same of what is in it
  std::shared_ptr<Folder> parent;
  std::size_t left = 0;  // entries that are not done
  int depth = 0;
};

struct UploadTree::Place {
  std::shared_ptr<Folder> folder;  // null: named by the operator
  std::string name;                // in the folder, or a path
  std::string shown, there;

  int descriptor() const { return folder ? folder->here.get() : AT_FDCWD; }
};

UploadTree::UploadTree(FarSide& far, const CopyTerms& terms, CopyListener& listener,
                       net::asio::any_io_executor executor)
    : far_(far), terms_(terms), listener_(listener), jobs_(std::move(executor)) {}

UploadTree::~UploadTree() = default;

void UploadTree::add(std::string source, std::string target) {
  ++listener_.meter.to_list;
  jobs_.push([this, source = std::move(source), target = std::move(target)] {
    return start(source, target);
  });
}

net::Task<> UploadTree::run(std::size_t at_once) {
  return jobs_.run(at_once);
}

void UploadTree::failed(const std::string& shown, const Error& error) {
  ++listener_.meter.failed;
  if (error.code == Errc::unreachable) jobs_.drop();  // nothing of what is left can work
  listener_.on_failure(shown, error);
}

net::Task<> UploadTree::start(std::string source, std::string target) {
  struct stat about {};
  const Place place{nullptr, source, source, target};
  const bool is_there = ::stat(source.c_str(), &about) == 0;
  const int error = errno;
  const bool is_folder = is_there && S_ISDIR(about.st_mode);
  if (is_folder && terms_.recursive) co_return co_await open_folder(place);
  --listener_.meter.to_list;
  if (!is_there) {
    failed(source, local_error("", error));
  } else if (is_folder) {
    failed(source, fail(Errc::usage, "it is a folder, which only -r copies"));
  } else {
    ++listener_.meter.files_to_copy;
    listener_.meter.bytes_to_copy += static_cast<std::uint64_t>(about.st_size);
    co_await copy_file(place);
  }
}

// From the listing of the folder where there is one; a file's own look otherwise.
net::Task<Result<FarTarget>> UploadTree::target_of(const Place& place) {
  if (!place.folder) co_return co_await look_at_target(far_, place.there);
  FarTarget target;
  target.path = place.there;
  const auto& inside = place.folder->inside;
  if (const auto found = inside.find(place.name); found != inside.end()) {
    if (found->second.is_link()) co_return co_await look_at_target(far_, place.there);
    target.existing = found->second;
  }
  if (const auto found = inside.find(part_name(place.name)); found != inside.end())
    target.part = found->second;
  co_return target;
}

net::Task<> UploadTree::copy_file(Place place) {
  const auto source = LocalSource::open(place.descriptor(), place.name, !place.folder);
  Result<void> copied;
  if (!source) {
    copied = source.error();
  } else {
    auto target = co_await target_of(place);
    if (target) {
      copied = co_await upload_file(far_, terms_, listener_, *source, std::move(*target));
    } else {
      copied = target.error();
    }
  }
  if (copied) {
    ++listener_.meter.files;
  } else {
    failed(place.shown, copied.error());
  }
  done(place.folder);
}

net::Task<Result<void>> UploadTree::put_link(const Place& place) {
  std::array<char, 4096> text;
  const auto size = ::readlinkat(place.descriptor(), place.name.c_str(), text.data(), text.size());
  if (size < 0) co_return local_error("", errno);
  const std::string leads_to(text.data(), static_cast<std::size_t>(size));
  const auto& inside = place.folder->inside;
  const auto existing = inside.find(place.name);
  if (existing == inside.end()) co_return co_await far_.files.make_link(leads_to, place.there);
  if (existing->second.is_folder())
    co_return fail(Errc::failure, "there is a folder of that name: Is a directory");
  const auto part = part_path(place.there);
  const bool has_part = inside.contains(part_name(place.name));
  if (has_part) co_await far_.files.remove(part);
  auto made = co_await far_.files.make_link(leads_to, part);
  if (!made) co_return made.error();
  co_return co_await far_.files.rename(part, place.there);
}

// A link's own times, where the far side can set them.
net::Task<Result<void>> UploadTree::date_link(const Place& place) {
  struct stat about {};
  if (!terms_.preserve || !far_.files.has("lsetstat@openssh.com")) co_return Result<void>{};
  if (::fstatat(place.descriptor(), place.name.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0)
    co_return local_error("", errno);
  sftp::Attributes wanted;
  wanted.times = sftp::Attributes::Times{static_cast<std::uint32_t>(about.st_atim.tv_sec),
                                         static_cast<std::uint32_t>(about.st_mtim.tv_sec)};
  co_return co_await far_.files.set_link(place.there, wanted);
}

net::Task<> UploadTree::copy_link(Place place) {
  auto put = co_await put_link(place);
  if (put) put = co_await date_link(place);
  if (!put) failed(place.shown, put.error());
  done(place.folder);
}

net::Task<Result<void>> UploadTree::list_there(Folder& folder) {
  auto entries = co_await far_.files.list(folder.there);
  if (!entries) co_return entries.error();
  for (auto& entry : *entries) folder.inside.emplace(std::move(entry.name), entry.attributes);
  co_return Result<void>{};
}

// A folder that was there, or a link to one, is filled; others are made.
net::Task<Result<void>> UploadTree::make_there(Folder& folder) {
  const auto* parent = folder.parent.get();
  const auto name = split_path(folder.there).name;
  if (!parent || parent->inside.contains(name)) {
    const auto existing = co_await far_.files.stat(folder.there);
    if (existing) folder.existing = *existing;
  }
  if (folder.existing && !folder.existing->is_folder())
    co_return fail(Errc::failure, "what is there is no folder: Not a directory");
  if (folder.existing) co_return co_await list_there(folder);
  sftp::Attributes attributes;
  attributes.mode = (folder.about.st_mode & 0777) | kOwnersAll;
  const auto made = co_await far_.files.make_folder(folder.there, attributes);
  if (made) co_return made;
  auto above = split_path(folder.there).folder;
  co_return co_await explained(far_, std::move(above), made.error());
}

net::Task<> UploadTree::open_folder(Place place) {
  auto folder = std::make_shared<Folder>();
  folder->shown = place.shown;
  folder->there = place.there;
  folder->parent = place.folder;
  folder->depth = place.folder ? place.folder->depth + 1 : 0;
  const int link = place.folder ? O_NOFOLLOW : 0;
  folder->here.reset(
      ::openat(place.descriptor(), place.name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | link));
  Result<void> opened;
  if (!folder->here || ::fstat(folder->here.get(), &folder->about) != 0) {
    opened = local_error("", errno);
  } else if (folder->depth > kDeepest) {
    opened = fail(Errc::failure, "more folders in each other than " + std::to_string(kDeepest));
  } else {
    opened = co_await make_there(*folder);
  }
  if (!opened) {
    --listener_.meter.to_list;
    failed(folder->shown, opened.error());
    done(folder->parent);
    co_return;
  }
  ++folder->left;  // until all of it is listed
  list_here(folder);
  --listener_.meter.to_list;
  done(folder);
}

void UploadTree::list_here(std::shared_ptr<Folder> folder) {
  const int again = ::openat(folder->here.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, CloseFolder> listing(again < 0 ? nullptr : ::fdopendir(again));
  if (!listing) return failed(folder->shown, local_error("", errno));
  errno = 0;
  while (const auto* entry = ::readdir(listing.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") add_entry(folder, name);
    errno = 0;
  }
  if (errno != 0) failed(folder->shown, local_error("", errno));
}

void UploadTree::add_entry(const std::shared_ptr<Folder>& folder, const std::string& name) {
  Place place{folder, name, join_path(folder->shown, name), join_path(folder->there, name)};
  struct stat about {};
  if (::fstatat(folder->here.get(), name.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0)
    return failed(place.shown, local_error("", errno));
  const auto push = [&](net::Task<> (UploadTree::*job)(Place)) {
    ++folder->left;
    jobs_.push([this, job, place = std::move(place)] { return (this->*job)(place); });
  };
  if (S_ISDIR(about.st_mode)) {
    ++listener_.meter.to_list;
    push(&UploadTree::open_folder);
  } else if (S_ISLNK(about.st_mode)) {
    push(&UploadTree::copy_link);
  } else if (S_ISREG(about.st_mode)) {
    ++listener_.meter.files_to_copy;
    listener_.meter.bytes_to_copy += static_cast<std::uint64_t>(about.st_size);
    push(&UploadTree::copy_file);
  } else {
    listener_.on_note(place.shown, "passed over: neither a file nor a folder nor a link");
  }
}

// One entry of the folder less; after the last one the folder itself gets what it shall have.
void UploadTree::done(const std::shared_ptr<Folder>& folder) {
  if (!folder || --folder->left > 0) return;
  jobs_.push([this, folder] { return close_folder(folder); });
}

net::Task<> UploadTree::close_folder(std::shared_ptr<Folder> folder) {
  const auto mode = folder->about.st_mode & 07777;
  const bool was_opened = !folder->existing && (mode & kOwnersAll) != kOwnersAll;
  sftp::Attributes wanted;
  if (terms_.preserve || was_opened) wanted.mode = mode;
  if (terms_.preserve) {
    wanted.times =
        sftp::Attributes::Times{static_cast<std::uint32_t>(folder->about.st_atim.tv_sec),
                                static_cast<std::uint32_t>(folder->about.st_mtim.tv_sec)};
  }
  if (wanted.mode) {
    const auto set = co_await far_.files.set(folder->there, wanted);
    if (!set) failed(folder->shown, set.error());
  }
  done(folder->parent);
}

}  // namespace edge::control
