// TypeScript of the compiler's thread, loaded before anything that imports it.

import { loadCompiled } from './compiled-typescript';

export const typescript = loadCompiled(require.resolve('typescript'));
