// Lets doctest show a Result: its error, or just "a value" (boost's own operator<< needs one for
// every T).
#pragma once

#include <doctest/doctest.h>

#include "base/error.hpp"

template <class T>
struct doctest::StringMaker<edge::Result<T>> {
  static doctest::String convert(const edge::Result<T>& result) {
    if (result) return "a value";
    return (std::string(to_string(result.error().code)) + ": " + result.error().message).c_str();
  }
};
