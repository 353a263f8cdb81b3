// How many threads load the images of a config's data loader.

import { availableParallelism } from 'node:os';
import type { ConfigObject } from '../config';
import { numberAt } from './config-access';

/** `num_workers` of a data loader, while one processor is left to the model; undefined where the config says nothing. */
export function loaderWorkers(config: ConfigObject, loader: string): number | undefined {
  const count = numberAt(config, `${loader}.num_workers`);
  return count === undefined ? undefined : Math.min(count, Math.max(1, availableParallelism() - 1));
}
