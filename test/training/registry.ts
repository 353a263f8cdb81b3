// The modules of src/training alone, as tests build them.

import { Registry } from '../../src/catalogue/registry';
import { trainingModules } from '../../src/training/training-modules';

export const registry = new Registry(trainingModules);
