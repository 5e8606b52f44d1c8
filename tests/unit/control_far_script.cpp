#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "control/exec/far_script.hpp"

namespace edge::control {
namespace {

struct Ran {
  int status = 0;
  std::string output;
};

// As the account's shell runs a command, with these bytes on its stdin.
Ran run(const std::string& command, const std::string& input) {
  const auto folder = std::filesystem::temp_directory_path() / "edge-far-script";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "input", std::ios::binary) << input;
  std::ofstream(folder / "command") << command << "\n";
  const auto words = "TMPDIR=" + folder.string() + " sh " + (folder / "command").string() + " <" +
                     (folder / "input").string() + " 2>&1";
  Ran ran;
  FILE* pipe = ::popen(words.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> bytes;
  while (const auto size = std::fread(bytes.data(), 1, bytes.size(), pipe))
    ran.output.append(bytes.data(), size);
  const int ended = ::pclose(pipe);
  ran.status = ended >= 0 ? (ended >> 8) & 0xFF : -1;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    CHECK_FALSE(entry.path().filename().string().starts_with(".edge"));
  std::filesystem::remove_all(folder);
  return ran;
}

}  // namespace

TEST_CASE("a far script has its words and its own input, and its file has no name any more") {
  const std::string script =
      "#!/bin/sh\nprintf '<%s>' \"$@\"; cat; ls \"$TMPDIR\" | grep -c edge; exit 7\n";
  const auto ran = run(far_script_command(script.size(), {"a b", "it's", "!x", "$HOME", ""}),
                       script + "and the rest\n");
  CHECK(ran.output == "<a b><it's><!x><$HOME><>and the rest\n0\n");
  CHECK(ran.status == 7);
}

TEST_CASE("half a far script does not run") {
  const std::string script = "#!/bin/sh\necho it runs\n";
  const auto ran = run(far_script_command(script.size() + 1, {}), script);
  CHECK(ran.output == "edgectl: the script could not be copied\n");
  CHECK(ran.status == 126);
}

TEST_CASE("a far script of any bytes and of none is taken") {
  const std::string zeros("#!/bin/sh\nexit 3\n\0\0\xFF", 20);
  CHECK(run(far_script_command(zeros.size(), {}), zeros).status == 3);
  CHECK(run(far_script_command(0, {}), "").status == 0);
}

}  // namespace edge::control
