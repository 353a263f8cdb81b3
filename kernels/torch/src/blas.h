// The single-precision matrix product of the BLAS that libtorch is linked with, for kernels that lower to matrix products.
// Called inside a parallel loop it runs on the calling thread only.
#pragma once

namespace detlab {

/** Fortran's SGEMM: transposeA, transposeB, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc; column-major. */
using Sgemm = void(const char*, const char*, const int*, const int*, const int*, const float*, const float*, const int*,
                   const float*, const int*, const float*, float*, const int*);

/** Null when libtorch does not export the symbol. */
Sgemm* sgemm();

}  // namespace detlab
