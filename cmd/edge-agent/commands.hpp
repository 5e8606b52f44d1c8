// The commands of edge-agent: options, set-up, and a body that main runs.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "edge-agent/flags.hpp"

namespace edge::edge_agent {

using Body = std::function<int(const Flags&)>;

// Each adds its subcommand; what was chosen is put into `chosen`.
void add_join(CLI::App& app, Body& chosen);
void add_run(CLI::App& app, Body& chosen);
void add_leave(CLI::App& app, Body& chosen);
void add_doctor(CLI::App& app, Body& chosen);
void add_status(CLI::App& app, Body& chosen);

// systemctl with these words; false where systemd does not run or it said no.
bool systemctl(std::initializer_list<const char*> words);
bool systemd_runs();
inline constexpr const char* kUnit = "edge-agent.service";

}  // namespace edge::edge_agent
