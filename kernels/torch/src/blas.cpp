#include "blas.h"

#include <dlfcn.h>

namespace detlab {

Sgemm* sgemm() {
  static auto* found = reinterpret_cast<Sgemm*>(dlsym(RTLD_DEFAULT, "sgemm_"));
  return found;
}

}  // namespace detlab
