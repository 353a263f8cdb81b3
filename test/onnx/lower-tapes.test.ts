// Backbones and necks as nodes: the maps of the engine, at the size that was recorded and at sizes that were not.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { sampled, slowCases, slowTest } from '../slow-cases';
import { BACKBONES, COARSE, FIXED_ONLY, NECKS, RECURSIVE, resnet } from './feature-networks';
import { mapDifference, network, type Size } from './lowered-maps';

beforeAll(async () => void (await startEngine()));

const FIXED: Size = [1, 96, 128];
const TRIED: Size[] = [
  [1, 288, 352],
  [2, 384, 256],
  [3, 224, 448],
];
const OTHER: Size[] = [
  [2, 160, 96],
  [1, 320, 192],
];

/** For pyramids that pool and enlarge by whole factors. */
const COARSER: Size[] = [
  [1, 1152, 384],
  [2, 384, 640],
  [3, 512, 256],
];
const COARSER_OTHER: Size[] = [[1, 256, 384]];
/** Without the widest, which export-dense.test.ts has in SSD. */
const light = (names: readonly string[]) => [...names.filter((name) => name !== 'SSDVGG'), ...slowCases(['SSDVGG'])];

const atAnySize = (names: string[]) => sampled(names, 6).filter((name) => !FIXED_ONLY.includes(name));

test.each(light(sampled(Object.keys(BACKBONES), 3)))('backbone %s at the size recorded', async (name) => {
  const built = network(BACKBONES[name]);
  expect(await mapDifference(built, [FIXED], [FIXED])).toBeLessThan(1e-5);
  for (const module of built.modules) module.dispose();
});

test.each(light(atAnySize(Object.keys(BACKBONES))))('backbone %s at other sizes', async (name) => {
  const built = network(BACKBONES[name]);
  expect(await mapDifference(built, TRIED, OTHER)).toBeLessThan(1e-5);
  for (const module of built.modules) module.dispose();
});

test.each(sampled(Object.keys(NECKS), 3))('neck %s at the size recorded', async (name) => {
  const built = network(resnet, NECKS[name]);
  const size: Size = COARSE.includes(name) ? [1, 128, 256] : FIXED;
  expect(await mapDifference(built, [size], [size])).toBeLessThan(1e-5);
  for (const module of built.modules) module.dispose();
});

test.each(atAnySize(Object.keys(NECKS)))('neck %s at other sizes', async (name) => {
  const built = network(resnet, NECKS[name]);
  const [tried, other] = COARSE.includes(name) ? [COARSER, COARSER_OTHER] : [TRIED, OTHER];
  expect(await mapDifference(built, tried, other)).toBeLessThan(1e-5);
  for (const module of built.modules) module.dispose();
});

test('a pyramid that goes back into its backbone', async () => {
  const built = network(...RECURSIVE);
  expect(await mapDifference(built, [FIXED], [FIXED])).toBeLessThan(1e-5);
  for (const module of built.modules) module.dispose();
});

slowTest('a pyramid that goes back into its backbone, at other sizes', async () => {
  const built = network(...RECURSIVE);
  expect(await mapDifference(built, TRIED, OTHER)).toBeLessThan(1e-5);
  for (const module of built.modules) module.dispose();
});

test('says which layer has no form at changing sizes', async () => {
  const built = network(resnet, NECKS.AugFPN);
  await expect(mapDifference(built, TRIED, OTHER)).rejects.toThrow(
    /maps, at or after [a-z_.0-9]+: a table \[1, 1, 9\] depends on the size of the image/,
  );
  for (const module of built.modules) module.dispose();
});
