// The first import of a measured process: it loads its modules as the `detlab` command does.

import { deferPackages } from '../src/engine/deferred-packages';
import { holdYoungGeneration } from '../src/engine/young-generation';

holdYoungGeneration();
deferPackages();
