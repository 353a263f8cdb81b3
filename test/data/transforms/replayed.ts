// Transforms run with the numbers that the reference drew (generate/augment.py), and how an outcome is compared.

import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { TRANSFORMS } from '../../../src/data/transforms';
import type { Sample, Transform } from '../../../src/data/transforms/sample';
import type { AnyImage } from '../../../src/data/types';
import { clipPolygon, decodeRle, toRles } from '../../../src/masks';
import { Random } from '../../../src/random';
import { goldenJson } from '../../golden-data';
import { sample } from './golden-cases';

type Draw = number | number[];

export interface ReplayedCase {
  cfg: ModuleConfig;
  inputs: number[];
  draws: Draw[];
  masks: 'polygon' | 'bitmap' | null;
  none?: true;
  /** Hash of the pixels, b first; or every 97th value. */
  image?: string;
  values?: number[];
  /** Every 41st value, b first, where they may differ by one level. */
  levels?: number[];
  size: [number, number];
  boxes: number[];
  labels: number[];
  ignored: number[];
  scale_factor?: number[];
  /** Corners, not clipped to the image. */
  polygons?: number[][][];
  /** Hashes of the masks. */
  bitmaps?: string[];
}

const cases = goldenJson<Record<string, ReplayedCase>>('augment');
export const replayedCases = (pattern: RegExp): [string, ReplayedCase][] =>
  Object.entries(cases).filter(([name]) => pattern.test(name));

/** A stream of given numbers; `left` counts those that were not drawn. */
export function replayed(draws: readonly Draw[]): { random: Random; left: () => number } {
  const rest = [...draws];
  const number = () => {
    const next = rest.shift();
    if (typeof next === 'number') return next;
    throw new Error(`expected a number to be drawn, received ${JSON.stringify(next)}`);
  };
  const several = (count: number) => {
    const next = rest.shift();
    if (Array.isArray(next) && next.length === count) return Int32Array.from(next);
    throw new Error(`expected ${count} numbers to be drawn at once, received ${JSON.stringify(next)}`);
  };
  const random = Object.assign(Random.seeded(0), {
    uniform: number,
    normal: number,
    integer: number,
    permutation: (n: number, take = n) => several(Math.min(n, take)),
  });
  return { random, left: () => rest.length };
}

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

function bgr({ data, order }: AnyImage): Uint8Array {
  const bytes = Uint8Array.from(data);
  if (order === 'rgb') for (let i = 0; i < bytes.length; i += 3) [bytes[i], bytes[i + 2]] = [bytes[i + 2], bytes[i]];
  return bytes;
}

function closeTo(found: ArrayLike<number>, expected: readonly number[], tolerance: number, what: string): void {
  expect(found.length, what).toBe(expected.length);
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(found[i] - expected[i]), `${what} [${i}]: ${found[i]}, expected ${expected[i]}`).toBeLessThan(
      tolerance,
    );
}

export function compare(name: string, found: Sample, c: ReplayedCase): void {
  const image = found.image!;
  expect([image.height, image.width], name).toEqual(c.size);
  expect(found.meta.imgShape, name).toEqual(c.size);
  if (c.image) expect(hash(bgr(image)), `${name}: pixels`).toBe(c.image);
  if (c.values)
    closeTo(
      Array.from(image.data).filter((_, i) => i % 97 === 0),
      c.values,
      2e-3,
      `${name}: values`,
    );
  const truths = found.truths!;
  expect([...truths.labels], name).toEqual(c.labels);
  expect([...truths.ignored], name).toEqual(c.ignored);
  closeTo(truths.bboxes, c.boxes, 5e-5, `${name}: boxes`);
  if (c.scale_factor) expect([...found.meta.scaleFactor], name).toEqual(c.scale_factor);
  const { masks } = truths;
  if (c.bitmaps)
    expect(
      toRles(masks!).map((mask) => hash(decodeRle(mask))),
      `${name}: masks`,
    ).toEqual(c.bitmaps);
  if (!c.polygons || masks?.kind !== 'polygon') return;
  const frame = { left: 0, top: 0, right: masks.width, bottom: masks.height };
  for (const [i, parts] of c.polygons.entries())
    for (const [k, part] of parts.entries()) {
      const clipped = clipPolygon(Float64Array.from(part), frame);
      closeTo(masks.masks[i][k], clipped.length ? [...clipped] : new Array(6).fill(0), 2e-3, `${name}: outline ${i}`);
    }
}

/** The transform of a case on its first image; every number is drawn. */
export async function run(name: string, c: ReplayedCase): Promise<Sample | undefined> {
  const transform = new Registry(TRANSFORMS).build('transform', c.cfg, { path: 'pipeline.0' }) as Transform;
  const { random, left } = replayed(c.draws);
  const found = await transform(sample(c.inputs[0], c.masks), random);
  expect(left(), `${name}: numbers that were not drawn`).toBe(0);
  return found;
}

export async function replay(name: string, c: ReplayedCase): Promise<void> {
  const found = await run(name, c);
  if (c.none) expect(found, name).toBeUndefined();
  else compare(name, found!, c);
}
