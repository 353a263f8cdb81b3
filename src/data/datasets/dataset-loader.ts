// The contract of definitions of kind `dataset`.

import type { ModuleConfig } from '../../catalogue/registry';
import type { Dataset } from '../types';

export interface LoadOptions {
  /** Classes of the model or of the training data, instead of the config's; those that the files lack have no objects. */
  classes?: readonly string[];
}

/** Loads a dataset; carries the config of its pipeline. */
export interface DatasetLoader {
  load(options?: LoadOptions): Promise<Dataset>;
  pipeline: ModuleConfig[];
  /** Its images have a text, or the names of its own classes: classes of others mean nothing to them. */
  readsText?: boolean;
}

declare module '../../catalogue/registry' {
  interface Built {
    dataset: DatasetLoader;
  }
}
