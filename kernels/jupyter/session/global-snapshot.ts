// The globals of JavaScript and Node.js, which the kernel needs too: a cell that deletes one would leave the kernel
// unable to answer.

/** Remembers all globals; returns a function that restores deleted ones and returns their names. */
export function snapshotGlobals(): () => string[] {
  const snapshot = Object.entries(Object.getOwnPropertyDescriptors(globalThis));
  const { defineProperty, hasOwn } = Object;
  const global = globalThis;
  return () => {
    const restored: string[] = [];
    for (const [name, descriptor] of snapshot) {
      if (hasOwn(global, name)) continue;
      defineProperty(global, name, descriptor);
      restored.push(name);
    }
    return restored;
  };
}
