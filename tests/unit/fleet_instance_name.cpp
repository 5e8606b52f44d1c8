#include <doctest/doctest.h>

#include "fleet/instance_name.hpp"
#include "printing.hpp"

namespace edge::fleet {
namespace {

const std::vector<NamedInstance> kKnown{
    {InstanceId{"9b1de4c07a52f368"}, "worker-1"}, {InstanceId{"9b1d000000000000"}, "worker-2"},
    {InstanceId{"aa00000000000001"}, "9b1de"},    {InstanceId{"bb00000000000001"}, "twin"},
    {InstanceId{"bb00000000000002"}, "twin"},     {InstanceId{"cc00000000000001"}, ""}};

}  // namespace

TEST_CASE("an instance is found by its id, its host name, or the only id that begins so") {
  struct Row {
    const char *wanted, *id;
  };
  for (const auto& [wanted, id] :
       {Row{"9b1de4c07a52f368", "9b1de4c07a52f368"}, Row{"worker-2", "9b1d000000000000"},
        Row{"9b1d0", "9b1d000000000000"}, Row{"cc", "cc00000000000001"},
        Row{"9b1de", "aa00000000000001"}}) {  // a name counts first
    CAPTURE(wanted);
    const auto found = find_instance(wanted, kKnown, "shop");
    REQUIRE(found);
    CHECK(found->text == id);
  }
}

TEST_CASE("an instance that is not there, or not the only one, is told with those that are") {
  const auto unknown = find_instance("worker-9", kKnown, "shop").error();
  CHECK(unknown.code == Errc::not_found);
  CHECK(unknown.message ==
        "no instance 'worker-9' of shop; it has: worker-1 (9b1de4c07a52f368), worker-2 "
        "(9b1d000000000000), 9b1de (aa00000000000001), twin (bb00000000000001), twin "
        "(bb00000000000002), cc00000000000001");
  CHECK(unknown.hint == "did you mean 'worker-1'?");
  CHECK(find_instance("", kKnown, "shop").error().code == Errc::not_found);
  CHECK(find_instance("x", {}, "shop").error().message ==
        "no instance 'x' of shop; no agent has joined it yet");
  for (const char* several : {"twin", "9b1d", "bb"}) {
    CAPTURE(several);
    CHECK(find_instance(several, kKnown, "shop").error().code == Errc::usage);
  }
  CHECK(find_instance("twin", kKnown, "shop").error().message ==
        "'twin' is more than one instance of shop: twin (bb00000000000001), twin "
        "(bb00000000000002)");
}

TEST_CASE("what instances call themselves brings no escape into an error, and no page of text") {
  std::vector<NamedInstance> hostile;
  for (int i = 0; i < 64; ++i)
    hostile.push_back({InstanceId{std::to_string(i)}, "\x1b[31m" + std::string(300, 'x')});
  const auto message = find_instance("\x1b]0;", hostile, "shop").error().message;
  CHECK(message.find('\x1b') == std::string::npos);
  CHECK(message.find("and 48 more") != std::string::npos);
  CHECK(message.size() < 3000);
}

}  // namespace edge::fleet
