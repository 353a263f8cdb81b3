// What JavaScript and Node.js offer under global names, and the kernel needs too: a cell that deletes one of them would
// leave the kernel unable to answer.

/** Notes the global names; returns what puts those back that were deleted, and tells which they were. */
export function snapshotGlobals(): () => string[] {
  const kept = Object.entries(Object.getOwnPropertyDescriptors(globalThis));
  const { defineProperty, hasOwn } = Object;
  const global = globalThis;
  return () => {
    const lost: string[] = [];
    for (const [name, descriptor] of kept) {
      if (hasOwn(global, name)) continue;
      defineProperty(global, name, descriptor);
      lost.push(name);
    }
    return lost;
  };
}
