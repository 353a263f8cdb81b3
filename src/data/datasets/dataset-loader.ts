// What every definition of kind `dataset` builds.

import type { ModuleConfig } from '../../catalogue/registry';
import type { Dataset } from '../types';

/** What a dataset config builds: a data set to be loaded, and its pipeline's config. */
export interface DatasetLoader {
  load(): Promise<Dataset>;
  pipeline: ModuleConfig[];
}

declare module '../../catalogue/registry' {
  interface Built {
    dataset: DatasetLoader;
  }
}
