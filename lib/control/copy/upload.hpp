// One file to a node: into .NAME.part, checked there, and renamed when all of it is right. What was
// there before stays until then.
#pragma once

#include "control/copy/copy_terms.hpp"
#include "control/copy/far_side.hpp"
#include "control/copy/local_source.hpp"
#include "control/local_stream.hpp"

namespace edge::control {

// Errors are the words alone; whoever asked knows the paths.
net::Task<Result<void>> upload_file(FarSide& far, const CopyTerms& terms, CopyListener& listener,
                                    const LocalSource& source, FarTarget target);

// stdin, whose length nobody knows.
net::Task<Result<void>> upload_stream(FarSide& far, const CopyTerms& terms, CopyListener& listener,
                                      LocalStream& source, FarTarget target);

}  // namespace edge::control
