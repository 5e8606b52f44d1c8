#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "wire/json_writer.hpp"

using edge::wire::JsonWriter;
using nlohmann::json;

TEST_CASE("what is written without a tree reads as the tree would") {
  std::string text = "before ";
  JsonWriter writer(text);
  writer.begin_object().text("a", "b").key("list").begin_list();
  writer.number(1).number(2).begin_object().end_object().begin_list().end_list().end_list();
  writer.flag("yes", true).flag("no", false).key("nothing").null();
  writer.key("labels").texts({{"x", "1"}, {"y", ""}}).key("empty").texts({});
  writer.key("some").text_or_null("z").key("none").text_or_null(std::nullopt).end_object();
  CHECK(text == R"(before {"a":"b","list":[1,2,{},[]],"yes":true,"no":false,"nothing":null,)"
                R"("labels":{"x":"1","y":""},"empty":{},"some":"z","none":null})");
}

TEST_CASE("no text breaks out of its quotes") {
  std::string every;
  for (int c = 1; c < 128; ++c) every += static_cast<char>(c);
  for (const std::string& value :
       {every, std::string("\"},{\""), std::string("\\"), std::string("a\0b", 3),
        std::string("b\u00fcro"), std::string()}) {
    std::string text;
    JsonWriter writer(text);
    writer.begin_object().text(value, value).end_object();
    CHECK(json::parse(text) == json{{value, value}});
    CHECK(text.find('\033') == std::string::npos);
    CHECK(text.find('\n') == std::string::npos);
  }
}
