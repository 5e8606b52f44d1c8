// One file from a node: into .NAME.part, checked against the agent's sum, and renamed.
#pragma once

#include "control/copy/copy_terms.hpp"
#include "control/copy/far_side.hpp"
#include "control/copy/local_part.hpp"
#include "control/local_stream.hpp"

namespace edge::control {

// `about`: what a stat of the source said; it is a regular file. Errors are the words alone;
// whoever asked knows the paths.
net::Task<Result<void>> download_file(FarSide& far, const CopyTerms& terms, CopyListener& listener,
                                      std::string source, sftp::Attributes about,
                                      LocalTarget target);

// To stdout. What was written cannot be taken back: an error may say that it was not the file.
net::Task<Result<void>> download_stream(FarSide& far, const CopyTerms& terms,
                                        CopyListener& listener, std::string source,
                                        sftp::Attributes about, LocalStream& target);

}  // namespace edge::control
