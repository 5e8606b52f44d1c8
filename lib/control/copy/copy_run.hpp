// One run of `edgectl cp`: what its parts share. Private to lib/control/copy. Lives on copy()'s
// stack; thread rule: its own loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "control/copy/copy.hpp"
#include "control/copy/copy_words.hpp"
#include "control/copy/node_files.hpp"
#include "control/progress.hpp"

namespace edge::control {

struct CopyRun {
  explicit CopyRun(const CopyOptions& given);

  const CopyOptions& options;
  net::asio::io_context loop{1};
  net::asio::signal_set signals;
  Progress progress;
  CopyPace pace;
  std::vector<CopyResult> results;  // of each node
  std::size_t next = 0;             // the node whose turn it is
  std::string stdin_copied;         // where stdin was put, for many nodes; empty: it is passed on
  std::size_t files_at_once;        // of one node: each has a descriptor here

  bool is_many() const { return options.nodes.size() > 1; }
  // A line on stderr, above the progress.
  void say(const std::string& line);
};

// A node's turn, from its session to its result. copy_node.cpp
net::Task<> copy_with(CopyRun& run, std::size_t number);

}  // namespace edge::control
