// Every neck against MMDetection: names and order of its parameters, outputs, gradients, and how its weights start.

import { beforeAll, describe, expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { necks } from '../../../src/models/necks';
import type { Neck } from '../../../src/models/types';
import { Random } from '../../../src/random';
import { checkModule, goldenJson } from '../../golden-data';

const registry = new Registry(necks);
const build = (config: ModuleConfig) => registry.build('neck', config, { path: 'model.neck' }) as Neck;

beforeAll(async () => void (await startEngine()));

test.each(['bfp_none', 'bfp_nonlocal', 'channel_mapper', 'fpg_bu2', 'nasfpn_stack2', 'yolox_pafpn'])(
  '%s equals its golden file, forward and gradient',
  (name) => checkModule(`neck_${name}`, build),
);

type Start = [mean: number, std: number, largest: number];
const starts = goldenJson<Record<string, { cfg: ModuleConfig; values: Record<string, Start> }>>('neck_init');

describe.each(Object.keys(starts))('%s', (name) => {
  test('outputs and gradients', () => checkModule(`neck_${name}`, build));

  test('start of the weights', () => {
    const { cfg, values } = starts[name];
    const neck = build(cfg);
    neck.initWeights(Random.seeded(1));
    for (const [key, { data }] of neck.stateDict()) {
      const expected = values[key];
      if (!expected) continue; // a running statistic
      expectAlike(key, statistics(data as Float32Array), expected, data.length);
    }
    neck.dispose();
  });
});

function statistics(values: Float32Array): Start {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  return [mean, Math.sqrt(variance), values.reduce((a, b) => Math.max(a, Math.abs(b)), 0)];
}

/** The same distribution, as far as that many values tell. */
function expectAlike(key: string, [mean, std, largest]: Start, [mean0, std0, largest0]: Start, count: number): void {
  const noise = 5 / Math.sqrt(count);
  expect(Math.abs(mean - mean0), `${key} mean ${mean}, reference ${mean0}`).toBeLessThanOrEqual(
    2 * noise * std0 + 1e-4 * Math.abs(mean0),
  );
  if (std0 === 0) expect(std, `${key} deviation`).toBe(0);
  else if (count > 30)
    expect(Math.abs(std / std0 - 1), `${key} deviation ${std}, reference ${std0}`).toBeLessThanOrEqual(noise);
  // a uniform distribution ends at 1.73 deviations, a normal one goes on
  if (std0 > 0 && count > 300) expect(largest / std > 1.95, `${key} kind`).toBe(largest0 / std0 > 1.95);
}
