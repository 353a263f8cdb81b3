// Before `npm pack` compiles the sources anew: removes what is compiled, so that the tarball has nothing of files that are gone.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup/paths.mjs';

rmSync(join(root, 'dist'), { recursive: true, force: true });
