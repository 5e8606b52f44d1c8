#include "base/log.hpp"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <future>
#include <memory>
#include <thread>

#include "base/text.hpp"
#include "base/time.hpp"

namespace edge::log {
namespace {

constexpr std::size_t kMaxValueBytes = 1024;  // of one value; the line stays readable

struct Name {
  Level level;
  spdlog::level::level_enum underneath;
  std::string_view name;
  std::string_view shown;     // as wide as its neighbours
  std::string_view priority;  // sd-daemon(3)
};
constexpr std::array<Name, 4> kNames{{
    {Level::debug, spdlog::level::debug, "debug", "debug ", "<7>"},
    {Level::info, spdlog::level::info, "info", "info  ", "<6>"},
    {Level::warning, spdlog::level::warn, "warning", "warn  ", "<4>"},
    {Level::error, spdlog::level::err, "error", "error ", "<3>"},
}};

const Name& name_of(Level level) {
  return kNames[static_cast<std::size_t>(level)];
}

const Name& name_of(spdlog::level::level_enum level) {
  for (const auto& name : kNames) {
    if (name.underneath == level) return name;
  }
  return kNames.back();
}

void append(spdlog::memory_buf_t& buffer, std::string_view text) {
  buffer.append(text.data(), text.data() + text.size());
}

class LineFormatter final : public spdlog::formatter {
 public:
  explicit LineFormatter(bool journald) : journald_(journald) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    const auto& name = name_of(message.level);
    if (journald_) {
      append(line, name.priority);
    } else {
      append(line, format_rfc3339(std::chrono::time_point_cast<milliseconds>(message.time)));
      append(line, " ");
      append(line, name.shown);
    }
    append(line, {message.payload.data(), message.payload.size()});
    append(line, "\n");
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(journald_);
  }

 private:
  bool journald_;
};

// Never destroyed: a thread may still log while the program exits.
struct Output {
  spdlog::sink_ptr sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  std::shared_ptr<spdlog::logger> logger = std::make_shared<spdlog::logger>("edge", sink);
  std::shared_ptr<spdlog::details::thread_pool> writer;  // of lines, while it is not at once

  Output() { sink->set_formatter(std::make_unique<LineFormatter>(false)); }
  void use(std::shared_ptr<spdlog::logger> other) {
    other->set_level(logger->level());
    logger = std::move(other);
  }
};
Output& output() {
  static auto& made = *new Output;
  return made;
}

void write(Level level, std::string_view event, Fields fields) {
  auto& logger = *output().logger;
  const auto underneath = name_of(level).underneath;
  if (!logger.should_log(underneath)) return;
  const auto line = format(event, fields);
  logger.log(underneath, spdlog::string_view_t{line.data(), line.size()});
}

void append_value(std::string& line, const std::string& value) {
  const auto shown = printable(value, kMaxValueBytes);
  if (!shown.empty() && shown.find_first_of(" \"=\\") == std::string::npos) {
    line += shown;
    return;
  }
  line += '"';
  for (const char c : shown) {
    if (c == '"' || c == '\\') line += '\\';
    line += c;
  }
  line += '"';
}

}  // namespace

void start(Level level, bool journald) {
  output().sink->set_formatter(std::make_unique<LineFormatter>(journald));
  set_level(level);
}

void set_level(Level level) {
  output().logger->set_level(name_of(level).underneath);
}

void write_behind() {
  auto& out = output();
  out.writer = std::make_shared<spdlog::details::thread_pool>(kMostWaiting, 1);
  out.use(std::make_shared<spdlog::async_logger>("edge", out.sink, out.writer,
                                                 spdlog::async_overflow_policy::overrun_oldest));
}

std::uint64_t lost() {
  const auto& writer = output().writer;
  return writer ? writer->overrun_counter() : 0;
}

bool finish(milliseconds most) {
  auto& out = output();
  if (!out.writer) return true;
  out.use(std::make_shared<spdlog::logger>("edge", out.sink));
  auto written = std::make_shared<std::promise<void>>();
  auto done = written->get_future();
  std::thread([writer = std::move(out.writer), written]() mutable {
    writer.reset();  // writes what waits, however long that takes
    written->set_value();
  }).detach();
  return done.wait_for(most) == std::future_status::ready;
}

bool parse_level(std::string_view text, Level& level) {
  for (const auto& name : kNames) {
    if (name.name != text) continue;
    level = name.level;
    return true;
  }
  return false;
}

void debug(std::string_view event, Fields fields) {
  write(Level::debug, event, fields);
}
void info(std::string_view event, Fields fields) {
  write(Level::info, event, fields);
}
void warning(std::string_view event, Fields fields) {
  write(Level::warning, event, fields);
}
void error(std::string_view event, Fields fields) {
  write(Level::error, event, fields);
}

std::string format(std::string_view event, Fields fields) {
  std::string line(event);
  for (const auto& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field.value);
  }
  return line;
}

}  // namespace edge::log
