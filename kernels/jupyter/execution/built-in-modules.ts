// Packages the kernel itself is for cells, instead of the files of that name.

import { createTslabModule } from '../display/tslab-module';

function once(create: () => unknown): () => unknown {
  let made: unknown;
  return () => (made ??= create());
}

/** By name; made when first imported. */
export const builtInModules: ReadonlyMap<string, () => unknown> = new Map([['tslab', once(createTslabModule)]]);
