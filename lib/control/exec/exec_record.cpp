#include "control/exec/exec_record.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <unordered_set>

#include "base/encoding.hpp"
#include "base/files.hpp"
#include "control/json_fields.hpp"
#include "control/json_string.hpp"

namespace edge::control {
namespace {

constexpr std::size_t kLargest = 64UL << 20U;
constexpr std::size_t kKept = 20;
constexpr const char* kKind = "exec-results";
constexpr const char* kEnding = ".jsonl";

Error broken(const std::filesystem::path& file, const char* step) {
  return fail(Errc::unavailable,
              std::string("cannot ") + step + " " + file.string() + ": " + std::strerror(errno));
}

std::string line_of(const nlohmann::ordered_json& body) {
  return body.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

bool is_utf8(const std::string& text) {
  JsonString string;
  std::string unused;
  string.add(text, unused);
  string.finish(unused);
  return string.is_exact();
}

// JSON has no bytes: words that are no UTF-8 come a second time, or another command would be run.
void put(nlohmann::ordered_json& body, const std::string& key,
         const std::vector<std::string>& words) {
  body[key] = words;
  if (std::all_of(words.begin(), words.end(), is_utf8)) return;
  std::vector<std::string> exact;
  for (const auto& word : words) exact.push_back(to_base64(word));
  body[key + "-base64"] = exact;
}

std::vector<std::string> words_at(const nlohmann::json& body, const std::string& key) {
  std::vector<std::string> words;
  for (const auto& word : list_at(body, (key + "-base64").c_str()))
    if (word.is_string()) words.push_back(from_base64(word.get<std::string>()).value_or(""));
  if (!words.empty()) return words;
  for (const auto& word : list_at(body, key.c_str()))
    if (word.is_string()) words.push_back(word.get<std::string>());
  return words;
}

std::string word_at(const nlohmann::json& body, const std::string& key) {
  const auto words = words_at(body, key);
  return words.empty() ? std::string() : words.front();
}

std::vector<std::string> one_or_none(const std::string& word) {
  return word.empty() ? std::vector<std::string>() : std::vector<std::string>{word};
}

// "20261127T192201Z"
std::string stamp(WallTime now) {
  std::string text;
  for (const char c : format_rfc3339(now).substr(0, 19))
    if (c != '-' && c != ':') text += c;
  return text + "Z";
}

std::vector<std::filesystem::path> records_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().extension() == kEnding) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Result<ExecRecord> ExecRecord::create(const std::filesystem::path& file, const ExecOrder& order,
                                      WallTime now) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return broken(file, "write");
  ExecRecord record(file, descriptor);
  nlohmann::ordered_json body;
  body["apiVersion"] = "edge/v1";
  body["kind"] = kKind;
  body["started"] = format_rfc3339(now);
  put(body, "command", order.command);
  put(body, "script", one_or_none(order.script));
  put(body, "stdin", one_or_none(order.input));
  body["account"] = order.account;
  body["endpoints"] = order.names;
  if (auto written = record.write(line_of(body)); !written) return written.error();
  return record;
}

ExecRecord::ExecRecord(ExecRecord&& other) noexcept
    : file_(std::move(other.file_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

ExecRecord::~ExecRecord() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> ExecRecord::add(const ExecResult& result) {
  return write(line_of(as_json(result)));
}

Result<void> ExecRecord::write(const std::string& line) {
  const auto size = ::write(descriptor_, line.data(), line.size());
  if (size != static_cast<ssize_t>(line.size())) return broken(file_, "write");
  return {};
}

Result<ExecOrder> read_undone(const std::filesystem::path& file) {
  const auto text = read_file(file, kLargest);
  if (!text) return text.error();
  std::istringstream lines(*text);
  std::string line;
  std::getline(lines, line);
  const auto head = nlohmann::json::parse(line, nullptr, false);
  if (text_at(head, "kind") != kKind) {
    return fail(Errc::usage, file.string() + " is not the record of an exec",
                "the summary of a run names its file; edgectl exec --retry-failed last");
  }
  std::unordered_set<std::string> done;
  while (std::getline(lines, line)) {
    const auto body = nlohmann::json::parse(line, nullptr, false);  // the last may be cut short
    if (text_at(body, "outcome") == to_string(ExecOutcome::ok)) done.insert(text_at(body, "name"));
  }
  ExecOrder order;
  order.command = words_at(head, "command");
  order.script = word_at(head, "script");
  order.input = word_at(head, "stdin");
  order.account = text_at(head, "account");
  for (auto& name : words_at(head, "endpoints"))
    if (!done.contains(name)) order.names.push_back(std::move(name));
  return order;
}

Result<std::filesystem::path> next_record(const std::filesystem::path& folder, WallTime now) {
  if (auto made = make_folder(folder, 0700); !made) return made.error();
  auto old = records_in(folder);
  for (std::size_t i = 0; i + kKept <= old.size(); ++i) {
    std::error_code ignored;
    std::filesystem::remove(old[i], ignored);
  }
  return folder / (stamp(now) + "-" + std::to_string(::getpid()) + kEnding);
}

std::optional<std::filesystem::path> last_record(const std::filesystem::path& folder) {
  const auto files = records_in(folder);
  if (files.empty()) return std::nullopt;
  return files.back();
}

}  // namespace edge::control
