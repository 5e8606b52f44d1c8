#include "crypto/handles.hpp"

#include <cstdio>
#include <cstdlib>

namespace edge::crypto {

void must(bool done, const char* what) {
  if (done) return;
  std::fprintf(stderr, "crypto.broken what=\"%s\"\n", what);
  std::abort();
}

}  // namespace edge::crypto
