// What anybody rings on any thread to wake somebody on another one.
#pragma once

namespace edge::net {

class Bell {
 public:
  virtual ~Bell() = default;
  // Any thread, under any lock: only posts. Several rings before it is heard count as one.
  virtual void ring() = 0;
};

}  // namespace edge::net
