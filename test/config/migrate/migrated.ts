// What the tests of translations start from: the text of an old config, and what it becomes.

import path from 'node:path';
import { migrateConfig, readConfigFile } from '../../../src/config';
import { scratch } from '../scratch';

// biome-ignore lint/suspicious/noExplicitAny: tests reach into configs without types
export type Untyped = Record<string, any>;

/** The config of 3.x that `text` becomes, what became what, and what is left. */
export function migrated(text: string): { config: Untyped; changes: string[]; left: string[] } {
  const { config, changes, left } = migrateConfig(readConfigFile(path.join(scratch({ 'a.py': text }), 'a.py')).config);
  return {
    config,
    changes: changes.map(({ from, to }) => `${from} -> ${to}`),
    left: left.map(({ path, advice }) => `${path}: ${advice}`),
  };
}

/** The same of a train pipeline of `steps`. */
export const pipeline = (...steps: string[]) =>
  migrated(`train_pipeline = [${steps.join(', ')}, dict(type='Collect', keys=['img'])]`);

/** The same of `lr_config=dict(lr)`, with the optimizer's lr at 0.1. */
export const schedule = (lr: string, loop = "runner = dict(type='EpochBasedRunner', max_epochs=10)") =>
  migrated(`optimizer = dict(type='SGD', lr=0.1)\n${loop}\nlr_config = dict(${lr})`);
