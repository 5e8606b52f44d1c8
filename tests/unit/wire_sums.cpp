#include <doctest/doctest.h>

#include "base/packed.hpp"
#include "wire/sums.hpp"

using namespace edge::wire;

namespace {

std::string_view content(const std::string& packet) {
  return std::string_view(packet).substr(4);
}

SumsAnswer ranges(std::uint64_t size, std::vector<DataRange> list) {
  SumsAnswer answer;
  answer.kind = SumsAnswer::Kind::ranges;
  answer.id = 9;
  answer.size = size;
  answer.ranges = std::move(list);
  return answer;
}

}  // namespace

TEST_CASE("every request for sums is parsed as it was printed") {
  using Kind = SumsRequest::Kind;
  for (const auto& request :
       {SumsRequest{Kind::sum, 1, "/etc/a\nb\xff", false, 0},
        SumsRequest{Kind::follow, 2, ".x.part", true, 0},
        SumsRequest{Kind::follow, 2, "x", false, 0},
        SumsRequest{Kind::advance, 3, "", false, 5'000'000'000},
        SumsRequest{Kind::digest, 4, "", false, kToTheEnd},
        SumsRequest{Kind::forget, 5, "", false, 0}, SumsRequest{Kind::ranges, 6, "x", false, 0}}) {
    const auto packet = print(request);
    CHECK(edge::packed_length(packet) == packet.size() - 4);
    CHECK(parse_sums_request(content(packet)) == request);
  }
}

TEST_CASE("what is no request for sums is none") {
  const auto good = print({SumsRequest::Kind::sum, 1, "x", false, 0});
  CHECK_FALSE(parse_sums_request(content(good + "more")));
  CHECK_FALSE(parse_sums_request(content(good).substr(0, 6)));
  CHECK_FALSE(parse_sums_request(""));
  CHECK_FALSE(parse_sums_request(std::string("\x07\0\0\0\1", 5)));
  CHECK_FALSE(parse_sums_request(content(print({SumsRequest::Kind::sum, 1, "", false, 0}))));
  CHECK_FALSE(parse_sums_request(
      content(print({SumsRequest::Kind::sum, 1, std::string("a\0b", 3), false, 0}))));
  CHECK_FALSE(parse_sums_request(
      content(print({SumsRequest::Kind::sum, 1, std::string(5'000, 'x'), false, 0}))));
}

TEST_CASE("every answer with a sum is parsed as it was printed") {
  SumsAnswer hello, sum, failed;
  hello.kind = SumsAnswer::Kind::hello;
  hello.hello = {1, 1000, 100};
  sum.id = 3;
  sum.size = 10'000'000'000;
  sum.summed = 5;
  sum.hash[31] = 0xAB;
  failed.kind = SumsAnswer::Kind::failed;
  failed.error = 2;
  failed.words = "No such file";
  for (const auto& answer :
       {hello, sum, failed, ranges(100, {{0, 10}, {10, 20}, {99, 100}}), ranges(0, {})}) {
    CHECK(parse_sums_answer(content(print(answer))) == answer);
  }
}

TEST_CASE("ranges that overlap, run backwards or leave the file are refused") {
  for (const auto& list : std::vector<std::vector<DataRange>>{
           {{0, 101}}, {{10, 10}}, {{20, 10}}, {{10, 20}, {5, 30}}, {{0, 20}, {19, 30}}}) {
    CHECK_FALSE(parse_sums_answer(content(print(ranges(100, list)))));
  }
}

TEST_CASE("a count of ranges without the ranges costs no memory") {
  const auto packet = edge::Packer().u8(130).u32(1).u64(100).u32(0xFFFFFFFF).take();
  CHECK_FALSE(parse_sums_answer(content(packet)));
}

TEST_CASE("a later version of sums is seen by its number, whatever follows it") {
  const auto packet = edge::Packer().u8(128).u32(0).u32(2).u32(0).u32(0).text("more").take();
  const auto answer = parse_sums_answer(content(packet));
  REQUIRE(answer);
  CHECK(answer->hello.version == 2);
}
