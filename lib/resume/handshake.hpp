// The resumption itself, on a carrier on which nothing has been said yet (lib/resume/proof.hpp has
// the messages). What comes out is the carrier, ready for LastingStream::carry(), and both counts.
// Thread rule: the loop of both.
#pragma once

#include <memory>

#include "base/error.hpp"
#include "resume/lasting_stream.hpp"
#include "resume/proof.hpp"

namespace edge::resume {

struct Resumed {
  std::shared_ptr<net::Stream> carrier;
  LastingStream::Counts counts;
};

// Errc::not_allowed: the other end did not prove itself, or refused us. Errc::conflict: it proved
// itself, and cannot go on from where it says that it is: the stream has no future. Others: the
// carrier is gone, or no answer came in time. The carrier is closed with an error.
net::Task<Result<Resumed>> resume_as_operator(std::shared_ptr<net::Stream> carrier,
                                              LastingStream& stream, const Keys& keys,
                                              milliseconds deadline);
net::Task<Result<Resumed>> resume_as_node(std::shared_ptr<net::Stream> carrier,
                                          LastingStream& stream, const Keys& keys,
                                          milliseconds deadline);

}  // namespace edge::resume
