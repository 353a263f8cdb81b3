#include "blas.h"

#include <dlfcn.h>

namespace detlab {

Sgemm* sgemm() {
  static auto* function = reinterpret_cast<Sgemm*>(dlsym(RTLD_DEFAULT, "sgemm_"));
  return function;
}

}  // namespace detlab
