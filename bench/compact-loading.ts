// The first import of a measured process: it loads its modules as the `detlab` command does.

import { holdYoungGeneration } from '../src/engine/young-generation';

holdYoungGeneration();
