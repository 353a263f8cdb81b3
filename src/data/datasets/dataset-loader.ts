// The contract of definitions of kind `dataset`.

import type { ModuleConfig } from '../../catalogue/registry';
import type { Dataset } from '../types';

/** Loads a dataset; carries the config of its pipeline. */
export interface DatasetLoader {
  load(): Promise<Dataset>;
  pipeline: ModuleConfig[];
}

declare module '../../catalogue/registry' {
  interface Built {
    dataset: DatasetLoader;
  }
}
