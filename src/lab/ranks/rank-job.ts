// What a process of a run is given by the one that started it: the recipe, the data and the options of `fit`, in a file of a
// folder that only this user can read.

import { readFileSync, writeFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import type { Dataset } from '../../data';
import type { RecipeSpec } from '../build-model';
import type { PreparedOptions } from '../fit-options';
import { LabDataset } from '../lab-dataset';

export interface RankJob {
  spec: RecipeSpec;
  data: LabDataset;
  options: PreparedOptions;
  /** The file in which the ranks meet. */
  meeting: string;
  timeout?: number;
  cwd: string;
}

/** Of the options, displays, functions and the like concern rank 0 alone. */
function shared({
  hooks,
  log,
  onRecord,
  onStep,
  signal,
  watch,
  processes,
  devices,
  ...options
}: PreparedOptions): PreparedOptions {
  return options;
}

export function writeRankJob(file: string, { data, options, ...job }: RankJob): void {
  const { name, train, val, unlabelled } = data;
  const plain = { ...job, options: shared(options), data: { name, train, val, unlabelled } };
  writeFileSync(file, serialize(plain), { mode: 0o600 });
}

export function readRankJob(file: string): RankJob {
  const { data, ...job } = deserialize(readFileSync(file)) as Omit<RankJob, 'data'> & {
    data: { name: string; train: Dataset; val?: Dataset; unlabelled?: Dataset };
  };
  return { ...job, data: new LabDataset(data.name, data.train, data.val, data.unlabelled) };
}
