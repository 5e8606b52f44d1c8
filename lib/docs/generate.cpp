#include "docs/generate.hpp"

#include <CLI/CLI.hpp>

#include "docs/generate_man.hpp"
#include "docs/write_pages.hpp"

namespace edge::docs {

Result<void> generate_daemon(const CLI::App& app, const std::vector<config::Key>& keys,
                             const std::string& settings_name,
                             const std::filesystem::path& folder) {
  const Command program = read_tree(app);
  const std::string path = "/etc/" + program.name + "/" + settings_name;
  ManPage page;
  page.section = 8;
  page.title = "System Administration";
  // Without a command a daemon serves, unless its app demands one.
  if (!program.commands.empty() && app.get_require_subcommand_min() == 0) {
    page.synopsis = program.path + " [COMMAND] [flags]";
  }
  page.more = {{"FILES", "", {{path, "The configuration; see " + settings_name + "(5)."}}}};
  page.see_also = {settings_name + "(5)", "edgectl(1)"};
  return write_pages(
      folder, {{"man/" + program.name + ".8", man_of_program(program, page)},
               {"man/" + settings_name + ".5",
                man_of_settings(settings_name, path, "configuration of " + program.name, keys,
                                {program.name + "(8)"})}});
}

}  // namespace edge::docs
