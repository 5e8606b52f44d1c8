// What the store's tests share: a folder of their own, records to put in, and a look behind the
// store's back.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "store/store.hpp"

namespace edge::store::test {

class TempFolder {
 public:
  TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder();

  const std::filesystem::path path;
};

// Opens or stops the test with the error's text.
std::unique_ptr<Store> must_open(const std::filesystem::path& folder);

WallTime at(long long seconds);
EndpointId endpoint_id(unsigned number);  // 32 digits
InstanceId instance_id(unsigned number);  // 16 digits
EndpointRecord bare_endpoint(unsigned number, const std::string& name);
InstanceRecord full_instance(unsigned number);

// SQL on FOLDER/edged.db past the store; throws with SQLite's text. Returns the first column of the
// last row.
std::string raw_sql(const std::filesystem::path& file, const std::string& sql);

std::string content(const std::filesystem::path& file);
mode_t mode_of(const std::filesystem::path& file);

// Runs the work in a process of its own and gives back what it said.
std::string in_child(const std::function<std::string()>& work);

}  // namespace edge::store::test
