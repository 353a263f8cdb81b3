// What must not be rounded where the rest of a network is saved in half precision: scores that are ranked inside of the network, of
// which half precision makes many equal, and coordinates.

let depth = 0;

/** Runs `compute`; who records the network is told that its matrix products stay in single precision. */
export function exactly<T>(compute: () => T): T {
  depth++;
  try {
    return compute();
  } finally {
    depth--;
  }
}

/** Whether it runs. */
export const isExact = (): boolean => depth > 0;
