// Every neck against MMDetection: names and order of its parameters, outputs, gradients, and how its weights start.

import { beforeAll, describe, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { necks } from '../../../src/models/necks';
import type { Neck } from '../../../src/models/types';
import { checkModule, goldenJson } from '../../golden-data';
import { expectStartingValues, type Start } from '../../starting-values';

const registry = new Registry(necks);
const build = (config: ModuleConfig) => registry.build('neck', config, { path: 'model.neck' }) as Neck;

beforeAll(async () => void (await startEngine()));

test.each(['bfp_none', 'bfp_nonlocal', 'channel_mapper', 'fpg_bu2', 'nasfpn_stack2', 'yolox_pafpn'])(
  '%s equals its golden file, forward and gradient',
  (name) => checkModule(`neck_${name}`, build),
);

const starts = goldenJson<Record<string, { cfg: ModuleConfig; values: Record<string, Start> }>>('neck_init');

describe.each(Object.keys(starts))('%s', (name) => {
  test('outputs and gradients', () => checkModule(`neck_${name}`, build));

  test('start of the weights', () => {
    const { cfg, values } = starts[name];
    const neck = build(cfg);
    expectStartingValues(neck, values);
    neck.dispose();
  });
});
