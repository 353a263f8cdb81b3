// V8's young generation while modules are loaded. Nearly all that loading makes stays, so that V8 would let the young generation
// grow to three times 16 MB, which it keeps; held at its first size, loading takes as long and 50 MB less. Computing lets it
// grow again where it needs to.

import { setFlagsFromString } from 'node:v8';

/** Until `releaseYoungGeneration`: the young generation does not grow. For programs, not for libraries: it is the whole process's. */
export function holdYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** V8's default again. */
export function releaseYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
}
