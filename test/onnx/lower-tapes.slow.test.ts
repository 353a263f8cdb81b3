// Backbones of one width alone, which is large, as nodes.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { WIDE } from './feature-networks';
import { mapDifference, network } from './lowered-maps';

beforeAll(async () => void (await startEngine()));

test.each(Object.keys(WIDE))(
  '%s',
  async (name) => {
    const built = network(WIDE[name]);
    expect(await mapDifference(built, [[1, 96, 128]], [[1, 96, 128]])).toBeLessThan(1e-5);
    const tried: [number, number, number][] = [
      [1, 288, 352],
      [2, 384, 256],
      [3, 224, 448],
    ];
    expect(await mapDifference(built, tried, [[2, 160, 96]])).toBeLessThan(1e-5);
    for (const module of built.modules) module.dispose();
  },
  300_000,
);
