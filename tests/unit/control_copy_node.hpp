// A node for tests of copies: OpenSSH's sftp-server, and the agent's own edge-sums in a process of
// its own.
#pragma once

#include "agent/subsystems.hpp"
#include "control/copy/download_tree.hpp"
#include "control/copy/upload_tree.hpp"
#include "sftp_far_end.hpp"

namespace copy_test {

using namespace sftp_test;
using namespace edge::control;

// Answers each question for a sum with one that is wrong.
inline int serve_wrong_sums(int in, int out) {
  edge::wire::SumsAnswer answer;
  answer.kind = edge::wire::SumsAnswer::Kind::hello;
  answer.hello = {1, ::geteuid(), ::getegid()};
  for (;;) {
    const auto bytes = edge::wire::print(answer);
    if (::write(out, bytes.data(), bytes.size()) < 0) return 1;
    answer = {};
    for (bool asks = false; !asks;) {
      std::string packet(4, '\0');
      if (::read(in, packet.data(), 4) != 4) return 0;
      packet.resize(edge::packed_length(packet));
      if (::read(in, packet.data(), packet.size()) < 0) return 1;
      const auto request = edge::wire::parse_sums_request(packet);
      using Kind = edge::wire::SumsRequest::Kind;
      asks = request && (request->kind == Kind::sum || request->kind == Kind::digest);
      if (asks) answer.id = request->id;
    }
  }
}

struct SumsServer : Forked {
  SumsServer(net::asio::io_context& loop, edge::agent::Subsystem serve)
      : Forked(loop, [serve] { return serve(0, 1); }) {}
};

struct Heard {
  CopyMeter meter;
  std::vector<std::string> failures, notes;  // "path: words"
  CopyListener listener{meter,
                        [this](const std::string& path, const edge::Error& error) {
                          failures.push_back(path + ": " + error.message);
                        },
                        [this](const std::string& path, const std::string& words) {
                          notes.push_back(path + ": " + words);
                        }};
};

// Folders "here" and "there", and a node whose files are "there".
struct World {
  World() {
    std::filesystem::create_directory(here);
    std::filesystem::create_directory(there);
  }
  net::asio::io_context loop{1};
  Folder folder;
  const std::string here = folder / "here/", there = folder / "there/";
  CopyTerms terms;
  Heard heard;
  bool has_sums = true;
  edge::agent::Subsystem serve_sums = edge::agent::serve_sums;

  void put(const std::string& name, const std::string& content) const { folder.put(name, content); }
  std::string get(const std::string& name) const { return folder.get(name); }

  using Act = std::function<Task<>(FarSide&)>;
  void act(const Act& act) {
    Server server(loop);
    SumsServer sums(loop, serve_sums);
    loop.restart();
    drive(loop, acting(*server.stream, *sums.stream, act));
  }
  void upload(const std::string& source, const std::string& target) {
    act([this, source, target](FarSide& far) { return uploading(far, source, target); });
  }
  void download(const std::string& source, const std::string& name) {
    act([this, source, name](FarSide& far) { return downloading(far, source, name); });
  }

 private:
  Task<> acting(net::Stream& files, net::Stream& sums, const Act& act) {
    const sftp::Client::Limits limits;
    auto client = co_await sftp::Client::open(files, limits, kPatience);
    REQUIRE(client.has_value());
    auto teller = co_await SumsClient::open(sums, kPatience);
    REQUIRE(teller.has_value());
    FarSide far(**client, has_sums ? teller->get() : nullptr, loop.get_executor());
    co_await act(far);
    co_await (*teller)->end();
    co_await (*client)->end();
  }
  Task<> uploading(FarSide& far, std::string source, std::string target) {
    UploadTree tree(far, terms, heard.listener, loop.get_executor());
    tree.add(here + source, there + target);
    co_await tree.run(64);
  }
  Task<> downloading(FarSide& far, std::string source, std::string name) {
    DownloadTree tree(far, terms, heard.listener, loop.get_executor());
    auto into = std::make_shared<edge::Descriptor>(
        ::open(here.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    tree.add(there + source, into, name);
    co_await tree.run(64);
  }
};

inline std::string many_bytes(std::size_t size) {
  std::string content(size, '\0');
  std::uint32_t number = 1;
  for (auto& byte : content)
    byte = static_cast<char>((number = number * 1'664'525 + 1'013'904'223) >> 24);
  return content;
}

}  // namespace copy_test
