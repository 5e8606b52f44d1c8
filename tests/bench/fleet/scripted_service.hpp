// What a session of a simulated agent does instead of a shell: its first line says. The bytes are
// raw, no SSH of the session around them, so that they cost what the tunnel costs and no more.
//   echo        sends back what comes
//   sink        takes all, and says at its end how much it was: "1000000\n"
//   source N    sends N zero bytes and its end; without end where N is 0
// Thread rule: one loop.
#pragma once

#include "agent/session_service.hpp"

namespace edge::bench {

class ScriptedService final : public agent::SessionService {
 public:
  bool full() const noexcept override { return false; }
  net::Task<> serve(std::shared_ptr<net::Stream> stream, agent::SessionTerms terms,
                    std::function<void()> on_bytes) override;
};

}  // namespace edge::bench
