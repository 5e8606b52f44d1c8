#include "control/ssh_include.hpp"
#include "printing.hpp"

namespace edge::control {
namespace {
const std::vector<std::string> kNames{"edge.conf", "~/.ssh/edge.conf",
                                      "/home/al ice/.ssh/edge.conf"};
}

TEST_CASE("an Include counts where it holds for every host, as ssh reads it") {
  struct Row {
    const char* name;
    const char* config;
    bool includes;
  };
  for (const auto& row : {
           Row{"nothing", "", false},
           Row{"the line itself", "Include edge.conf\n", true},
           Row{"without a line end", "Include edge.conf", true},
           Row{"indented, in capitals, with =", "\t INCLUDE = edge.conf\r\n", true},
           Row{"quoted", "include \"edge.conf\"\n", true},
           Row{"one of several", "Include config.d/a ~/.ssh/edge.conf b\n", true},
           Row{"by its path", "Include \"/home/al ice/.ssh/edge.conf\"\n", true},
           Row{"by its path, escaped", "Include /home/al\\ ice/.ssh/edge.conf\n", true},
           Row{"another file", "Include edge.conf.old\nInclude my/edge.conf\n", false},
           Row{"a comment", "# Include edge.conf\nInclude x # edge.conf\n", false},
           Row{"of one host", "Host a\n  Include edge.conf\n", false},
           Row{"of a match", "Match host a\nInclude edge.conf\n", false},
           Row{"of all but one", "Host * !a\nInclude edge.conf\n", false},
           Row{"below Host *", "Host a\n  User b\nHost *\n  Include edge.conf\n", true},
           Row{"below Match all", "Host a\nMatch all\nInclude edge.conf\n", true},
           Row{"a word of another option", "SendEnv Include edge.conf\n", false},
       }) {
    CAPTURE(row.name);
    CHECK(includes_for_all(row.config, kNames) == row.includes);
  }
}

TEST_CASE("the Include comes first, counts, and leaves the rest as it was") {
  for (const std::string before : {"", "Host a\n  User b\n", "\xEF\xBB\xBF# odd\r\nUser x"}) {
    CAPTURE(before);
    const auto after = with_include(before);
    CHECK(includes_for_all(after, kNames));
    CHECK(after.ends_with(before));
  }
}

}  // namespace edge::control
