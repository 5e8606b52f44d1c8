// Every command, one file each. add_X() puts it below its noun (or the program); when it is chosen
// on the command line `chosen` becomes what runs it. The list of all of them is command_tree.cpp.
#pragma once

#include <memory>

#include "edgectl/context.hpp"

namespace CLI {
class App;
}

namespace edge::edgectl {

void add_connect(CLI::App& program, Run& chosen);
void add_cp(CLI::App& program, Run& chosen);
void add_exec(CLI::App& program, Run& chosen);
void add_forward(CLI::App& program, Run& chosen);
void add_forward_ls(CLI::App& noun, Run& chosen);
void add_forward_show(CLI::App& noun, Run& chosen);
void add_forward_rm(CLI::App& noun, Run& chosen);
void add_proxy(CLI::App& program, Run& chosen);
void add_ssh_config(CLI::App& program, Run& chosen);
void add_endpoint_ls(CLI::App& parent, Run& chosen);  // below endpoint, and at the top
void add_label(CLI::App& program, Run& chosen);
void add_endpoint_create(CLI::App& noun, Run& chosen);
void add_endpoint_show(CLI::App& noun, Run& chosen);
void add_endpoint_rename(CLI::App& noun, Run& chosen);
void add_endpoint_rm(CLI::App& noun, Run& chosen);
void add_endpoint_token(CLI::App& noun, Run& chosen);
void add_endpoint_disassociate(CLI::App& noun, Run& chosen);
void add_session_ls(CLI::App& noun, Run& chosen);
void add_session_show(CLI::App& noun, Run& chosen);
void add_session_kill(CLI::App& noun, Run& chosen);
void add_settings_show(CLI::App& noun, Run& chosen);
void add_settings_set(CLI::App& noun, Run& chosen);
void add_settings_unset(CLI::App& noun, Run& chosen);
void add_snapshot_show(CLI::App& noun, Run& chosen);
void add_snapshot_take(CLI::App& noun, Run& chosen);
void add_wait(CLI::App& program, Run& chosen);
void add_ping(CLI::App& program, Run& chosen);
void add_doctor(CLI::App& program, Run& chosen);
void add_status(CLI::App& program, Run& chosen);
void add_version(CLI::App& program, Run& chosen);
void add_help(CLI::App& program, Run& chosen);
void add_complete_names(CLI::App& program, Run& chosen);

}  // namespace edge::edgectl
