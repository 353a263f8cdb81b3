// Packages that the kernel itself provides to cells, in place of installed ones; their types:
// compiler/module-resolution.ts.

/** A module's exports as a CommonJS package has them. */
function lazily(load: () => object): () => unknown {
  let exports: object | undefined;
  return () => (exports ??= { ...load() });
}

/** By name; loaded when first imported. */
export const builtInModules: ReadonlyMap<string, () => unknown> = new Map([
  ['tslab', lazily(() => require('../display/tslab') as typeof import('../display/tslab'))],
]);
