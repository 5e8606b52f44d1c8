// Logging: one event a line, key=value, to stderr; journald priority prefixes ("<6>") under
// systemd.
//   log::info("tunnel.open", {{"endpoint", id}, {"ms", 12}});
// The event's name is the first word of the line. Values from agents are made printable and quoted
// here. Thread rule: any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace edge::log {

enum class Level { debug, info, warning, error };

struct Field {
  Field(std::string_view name, std::string_view text) : key(name), value(text) {}
  Field(std::string_view name, const char* text) : key(name), value(text) {}
  Field(std::string_view name, const std::string& text) : key(name), value(text) {}
  Field(std::string_view name, long long number) : key(name), value(std::to_string(number)) {}
  Field(std::string_view name, unsigned long long number)
      : key(name), value(std::to_string(number)) {}
  Field(std::string_view name, long number) : Field(name, static_cast<long long>(number)) {}
  Field(std::string_view name, int number) : Field(name, static_cast<long long>(number)) {}
  Field(std::string_view name, unsigned long number)
      : Field(name, static_cast<unsigned long long>(number)) {}
  Field(std::string_view name, unsigned number)
      : Field(name, static_cast<unsigned long long>(number)) {}
  template <class Tag>
  Field(std::string_view name, const Tag& id) requires requires {
    id.text;
  } : key(name), value(id.text) {
  }

  std::string_view key;
  std::string value;
};

using Fields = std::initializer_list<Field>;

// Called once by main, before the first line. `journald`: prefix priorities and leave the time out.
void start(Level level, bool journald);
void set_level(Level level);

// From now on a thread of its own writes the lines, so that nobody who logs waits for a stderr that
// is not read (a stalled journal would otherwise stop an event loop, whatever lock it holds).
// Beyond kMostWaiting lines the oldest are lost, and counted. Once, before there are other threads.
inline constexpr std::size_t kMostWaiting = 2'048;
void write_behind();
std::uint64_t lost();  // lines so far
// What waits is written, and lines are written at once again; false: not in that time, and whoever
// reads stderr does not read: leave by std::_Exit. REQUIRES: no other thread logs any more.
bool finish(milliseconds most);

// "debug", "info", "warning", "error"; false when the text is none of them.
bool parse_level(std::string_view text, Level& level);

void debug(std::string_view event, Fields fields = {});
void info(std::string_view event, Fields fields = {});
void warning(std::string_view event, Fields fields = {});
void error(std::string_view event, Fields fields = {});

// The line that would be written, without time and prefix: "event key=value key=\"two words\"".
std::string format(std::string_view event, Fields fields);

}  // namespace edge::log
