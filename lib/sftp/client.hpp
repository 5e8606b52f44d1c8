// An SFTP client that keeps many requests on their way: libssh's own has one at a time, blocks, and
// is bound to its thread. Speaks version 3 and what OpenSSH adds to it, over any stream.
//
// Errors are the far side's words: Errc::not_found, not_allowed, failure; unreachable when the
// stream has ended. What comes from it is hostile: sizes and counts are bounded, names are as it
// sent them (is_plain_name()).
// Thread rule: one loop. Ownership: its owner awaits end() before it lets go of the stream.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "net/task.hpp"
#include "sftp/conversation.hpp"

namespace edge::sftp {

// A file system's room, as statvfs(3) has it.
struct Space {
  std::uint64_t free_bytes = 0;  // for who asks
  std::uint64_t free_inodes = 0;
  bool is_read_only = false;
};

class Client {
 public:
  struct Limits {
    std::size_t requests = 128;           // on their way at once
    std::size_t bytes = 4 * 1024 * 1024;  // of files, on their way at once
    // The same where answers come quickly: more would only lie in buffers, and be moved in them.
    std::size_t bytes_nearby = 768 * 1024;
    std::size_t entries = 1'000'000;  // of one folder
    std::size_t chunk = 128 * 1024;   // of a file, in one request, at most
  };
  static net::Task<Result<std::unique_ptr<Client>>> open(net::Stream& stream, Limits limits,
                                                         milliseconds deadline);
  ~Client();
  Client(const Client&) = delete;
  net::Task<> end();

  bool has(std::string_view extension) const;
  std::size_t read_chunk() const noexcept { return read_chunk_; }
  std::size_t write_chunk() const noexcept { return write_chunk_; }

  // --- files
  net::Task<Result<std::string>> open_file(std::string path, std::uint32_t flags,
                                           Attributes attributes);
  net::Task<Result<void>> close(std::string handle);
  // At once on its way, to be awaited later: done() below.
  std::shared_ptr<Call> close_later(const std::string& handle);
  // A write whose bytes are put where `room` points to. REQUIRES: room_to_write(size).
  struct Write {
    std::uint32_t id = 0;
    Blocks::Block packet;
    char* room = nullptr;
    std::size_t size = 0;
  };
  Write begin_write(const std::string& handle, std::uint64_t at, std::size_t size);
  std::shared_ptr<Call> write_later(Write write);
  void forget(Write write);  // it is not sent after all
  // When there is room for it. The reply's data lies in the call. Null: it is over.
  net::Task<std::shared_ptr<Call>> read_later(std::string handle, std::uint64_t at,
                                              std::size_t size);
  // Waits until so many bytes may be on their way besides. False: over.
  net::Task<bool> room_to_write(std::size_t size);
  // Whether a request that answers with a status went well.
  static net::Task<Result<void>> done(std::shared_ptr<Call> call);

  net::Task<Result<Attributes>> stat(std::string path);
  net::Task<Result<Attributes>> lstat(std::string path);
  net::Task<Result<Attributes>> fstat(std::string handle);
  net::Task<Result<void>> set(std::string path, Attributes attributes);
  net::Task<Result<void>> set_open(std::string handle, Attributes attributes);
  net::Task<Result<void>> set_link(std::string path, Attributes attributes);  // lsetstat
  net::Task<Result<void>> sync(std::string handle);                           // fsync
  // Replaces what is there (posix-rename); a server without that may refuse.
  net::Task<Result<void>> rename(std::string from, std::string to);
  net::Task<Result<void>> remove(std::string path);

  // --- folders and links
  net::Task<Result<void>> make_folder(std::string path, Attributes attributes);
  // Without "." and "..". More entries than the limit are an error.
  net::Task<Result<std::vector<Entry>>> list(std::string path);
  net::Task<Result<std::string>> real_path(std::string path);
  net::Task<Result<std::string>> expand(std::string path);  // ~user/..., where it can
  net::Task<Result<std::string>> read_link(std::string path);
  net::Task<Result<void>> make_link(std::string points_to, std::string link);
  net::Task<Result<Space>> space(std::string path);

  bool is_over() const noexcept { return conversation_->is_over(); }
  const std::string& reason() const noexcept { return conversation_->reason(); }  // why; may be ""

 private:
  Client(std::shared_ptr<Conversation> conversation, Limits limits);
  std::uint32_t next_id();
  void note(const Version& version);
  net::Task<> ask_limits();
  net::Task<Result<Reply>> ask(std::uint32_t id, std::string packet, Reply::Kind expected);
  net::Task<Result<void>> ask_done(std::uint32_t id, std::string packet);
  net::Task<Result<Attributes>> ask_attributes(std::uint32_t id, std::string packet);
  net::Task<Result<std::string>> ask_name(std::uint32_t id, std::string packet);

  std::shared_ptr<Conversation> conversation_;
  Limits limits_;
  net::TaskGroup tasks_;
  std::vector<std::string> extensions_;
  std::size_t read_chunk_ = 32 * 1024, write_chunk_ = 32 * 1024;
};

// A far side's words for a code that is not ok.
Error failed(const Reply& status);

}  // namespace edge::sftp
