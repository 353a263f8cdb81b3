// Packages that the kernel itself provides to cells, in place of installed ones.

import { createTslabModule } from '../display/tslab-module';

function once(create: () => unknown): () => unknown {
  let module: unknown;
  return () => (module ??= create());
}

/** By name; created when first imported. */
export const builtInModules: ReadonlyMap<string, () => unknown> = new Map([['tslab', once(createTslabModule)]]);
