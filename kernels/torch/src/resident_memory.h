// Memory of the process that libtorch's start takes and that nothing reads afterwards.
#pragma once

namespace detlab {

/**
 * Once, at the start of the engine. The code and the tables that only libtorch's start has read leave memory (45 of 48 MB; what is
 * read again comes back from the file), and large blocks of malloc are returned to the system when they are freed, as JavaScript's
 * arrays are.
 */
void trimAfterStart();

}  // namespace detlab
