// Sessions whose operator has gone while their tunnel was away: the agent is to hear of it as soon
// as it is back, so that nothing of theirs lives on for as long as an operator would be waited for.
// Thread rule: operator_gone() and paused() from any thread; the rest on loop 0.
#pragma once

#include <memory>

#include "server/parts.hpp"

namespace edge::server {

class HangUps {
 public:
  HangUps(net::asio::any_io_executor executor, Parts& parts);

  // Its operator has gone: the endpoint is required until the instance has been told. Where edged
  // itself goes, it does not know that. `carrier`: over which he came; "": edged does not know.
  void operator_gone(std::shared_ptr<LiveSession> session, std::string carrier = {});
  // It has no carrier. Its operator's edgectl comes back at once, if it still is.
  void paused(std::shared_ptr<LiveSession> session, std::string carrier = {});
  void stop();  // at shutdown: nobody can be told any more

 private:
  net::Task<> tell(std::shared_ptr<LiveSession> session, std::string carrier);
  net::Task<> expect_operator(std::shared_ptr<LiveSession> session, std::string carrier);

  net::asio::any_io_executor executor_;
  Parts& parts_;
  net::TaskGroup tasks_;
};

}  // namespace edge::server
