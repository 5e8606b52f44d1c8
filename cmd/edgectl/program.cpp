#include "edgectl/program.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "control/exit_code.hpp"
#include "edgectl/command_tree.hpp"
#include "edgectl/config_file.hpp"
#include "edgectl/generated_docs.hpp"
#include "edgectl/parse_errors.hpp"

namespace edge::edgectl {
namespace {

// With a far command ssh's rule holds: 255 is ours, everything else is the far one's.
int print_failure(const Error& error, World& world, const GlobalOptions& options,
                  bool has_far_command) {
  const bool colour = control::want_colour(options.color, world.environment, world.terminal.err);
  control::print_error(world.err, error, {options.output == "json", colour});
  return has_far_command ? control::kExitFarFailure : control::exit_code(error.code);
}

int print_help(World& world, const CLI::App& app, bool asked_for) {
  (asked_for ? world.out : world.err) << app.help();
  return asked_for ? control::kExitOk : control::kExitUsage;
}

// Flag, variable, file, default: CLI11 has done the first two.
Result<std::string> choose_socket(const GlobalOptions& options, const World& world) {
  if (!options.socket.empty()) return options.socket;
  const auto config = load_config_file(world.config_file);
  if (!config) return config.error();
  return config->socket;
}

Result<Context> make_context(const CommandTree& tree, World& world,
                             std::vector<std::string> far_command) {
  const auto& options = tree.options;
  const auto timeout = parse_duration(options.timeout);
  if (!timeout || timeout->count() == 0) {
    return fail(Errc::usage, "--timeout '" + options.timeout + "' is no duration", "--timeout 30s");
  }
  auto format = control::OutputFormat::parse(options.output);
  if (!format) return format.error();
  const auto socket = choose_socket(options, world);
  if (!socket) return socket.error();
  return Context{world,
                 options,
                 control::AdminClient(*socket, *timeout),
                 std::move(*format),
                 control::want_colour(options.color, world.environment, world.terminal.out),
                 control::want_colour(options.color, world.environment, world.terminal.err),
                 std::move(far_command)};
}

Result<int> run_chosen(const CommandTree& tree, World& world,
                       std::vector<std::string> far_command) {
  if (!tree.options.generate_docs.empty()) {
    const auto written = docs::write_pages(tree.options.generate_docs, generate_docs(*tree.app));
    if (!written) return written.error();
    return control::kExitOk;
  }
  if (tree.options.version) {
    world.out << "edgectl " << EDGE_VERSION << '\n';
    return control::kExitOk;
  }
  if (!tree.chosen) return print_help(world, innermost(*tree.app), false);
  auto context = make_context(tree, world, std::move(far_command));
  if (!context) return context.error();
  return tree.chosen(*context);
}

}  // namespace

SplitArguments split_far_command(const std::vector<std::string>& arguments) {
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  const bool has_one = std::any_of(arguments.begin(), end, [](const std::string& word) {
    return word == "connect" || word == "exec";
  });
  if (!has_one || end == arguments.end()) return {arguments, {}};
  return {{arguments.begin(), end}, {end + 1, arguments.end()}};
}

int run_program(const std::vector<std::string>& arguments, World& world) {
  auto split = split_far_command(arguments);
  const bool has_far_command = !split.far_command.empty();
  CommandTree tree;
  try {
    std::reverse(split.ours.begin(), split.ours.end());  // as CLI11 wants them
    tree.app->parse(split.ours);
    const auto status = run_chosen(tree, world, std::move(split.far_command));
    world.out.flush();
    if (!status) return print_failure(status.error(), world, tree.options, has_far_command);
    // A reader that went away (`edgectl ls | head -1`) is no failure to talk about.
    return world.out ? *status : control::kExitFailure;
  } catch (const CLI::CallForHelp&) {
    return print_help(world, innermost(*tree.app), true);
  } catch (const CLI::ParseError& error) {
    return print_failure(explain_parse_error(*tree.app, error, arguments), world, tree.options,
                         has_far_command);
  } catch (const std::exception& error) {
    return print_failure(fail(Errc::failure, error.what()), world, tree.options, has_far_command);
  }
}

}  // namespace edge::edgectl
