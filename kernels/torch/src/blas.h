// The single-precision matrix product of the BLAS that libtorch brings, for kernels that make matrices of their own. Called
// inside a parallel loop it works on the calling thread alone.
#pragma once

namespace detlab {

/** Fortran's SGEMM: transposeA, transposeB, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc; column by column. */
using Sgemm = void(const char*, const char*, const int*, const int*, const int*, const float*, const float*, const int*,
                   const float*, const int*, const float*, float*, const int*);

/** Null when libtorch keeps it to itself. */
Sgemm* sgemm();

}  // namespace detlab
