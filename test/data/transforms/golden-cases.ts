// The golden transforms with drawn numbers (generate/mixing.py): images, cases, and how an outcome is compared.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { type ModuleConfig, parseOptions, Registry } from '../../../src/catalogue/registry';
import { parseStored } from '../../../src/checkpoints/safetensors';
import type { AffineDraw } from '../../../src/data/pixels/affine-matrix';
import { TRANSFORMS } from '../../../src/data/transforms';
import { copyOf, runSteps, type Sample, sampleOf, type Transform } from '../../../src/data/transforms/sample';
import type { AnyImage, ImageRecord, PixelImage } from '../../../src/data/types';
import { clipPolygon, decodeRle, encodeRle, polygonsToRle } from '../../../src/masks';
import { Random } from '../../../src/random';
import { goldenJson } from '../../golden-data';

export interface Case {
  cfg: { type: string } & Record<string, unknown>;
  inputs: number[];
  /** Numbers drawn, in the order of the reference; a list where one call gave several. */
  draws: (number | number[])[];
  masks: 'polygon' | 'bitmap' | null;
  none?: true;
  img_shape: [number, number];
  boxes: number[];
  labels: number[];
  ignored: number[];
  scale_factor?: number[];
  pad_param?: number[];
  polygons?: number[][][];
  homography?: number[][];
  matrix?: number[];
}

const FAMILIES = ['images', 'ssd', 'photo', 'affine', 'mosaic', 'mixup'];
const stored = new Map(
  FAMILIES.flatMap((family) => {
    const file = path.join(__dirname, '../../golden', `mixing_${family}.safetensors`);
    return [...parseStored(readFileSync(file), file).tensors];
  }),
);
export const cases = goldenJson<Record<string, Case>>('mixing');
export const casesNamed = (pattern: RegExp): [string, Case][] =>
  Object.entries(cases).filter(([name]) => pattern.test(name));

/** The tensor `name` of 8 bits. */
export const bytes = (name: string): Uint8Array => new Uint8Array(stored.get(name)!.bytes);
export const floats = (name: string): Float32Array => new Float32Array(new Uint8Array(stored.get(name)!.bytes).buffer);
export const shape = (name: string): number[] => stored.get(name)!.shape;

export const image = (name: string): PixelImage => {
  const [height, width] = shape(name);
  return { data: bytes(name), width, height, order: 'bgr' };
};

const SIZES = [
  [60, 44],
  [37, 52],
  [80, 30],
  [48, 48],
];
const BOXES = [
  [4, 5, 22, 20.5, 30.25, 12, 58, 40, 1, 30, 9, 43],
  [3, 3, 30, 25, 10, 28, 36, 50],
  [5, 4, 20, 26, 40, 2, 79, 29, 60, 10, 66, 15.5],
  [0, 0, 24, 24, 25, 26, 47, 47],
];

/** The outline that goes with a box. */
const outline = ([x1, y1, x2, y2]: number[]): Float64Array =>
  Float64Array.of(x1, y1, x2, (y1 * 2 + y2) / 3, x2 - (x2 - x1) / 4, y2, x1 + 1, (y1 + y2) / 2);

export function record(i: number): ImageRecord {
  const [width, height] = SIZES[i];
  const count = BOXES[i].length / 4;
  return {
    id: i,
    path: String(i),
    width,
    height,
    truths: {
      bboxes: Float32Array.from(BOXES[i]),
      labels: Int32Array.from({ length: count }, (_, k) => 10 * i + k),
      ignored: Uint8Array.from({ length: count }, (_, k) => (k === count - 1 ? 1 : 0)),
    },
    areas: new Float32Array(count),
    annotationIds: [],
  };
}

/** Image `i` as the pipelines have it after loading. */
export function sample(i: number, masks: Case['masks'] = null): Sample {
  const own = record(i);
  const { width, height } = own;
  const loaded: Sample = copyOf({ ...sampleOf(own), image: image(`image${i}`), truths: { ...own.truths } });
  const outlines = Array.from({ length: BOXES[i].length / 4 }, (_, k) => [outline(BOXES[i].slice(4 * k, 4 * k + 4))]);
  if (masks === 'polygon') loaded.truths!.masks = { kind: 'polygon', width, height, masks: outlines };
  if (masks === 'bitmap')
    loaded.truths!.masks = {
      kind: 'bitmap',
      width,
      height,
      masks: outlines.map((parts) => polygonsToRle(parts, height, width)),
    };
  return loaded;
}

/** Largest difference of two lists of values, and how many differ. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): { most: number; count: number } {
  expect(a.length).toBe(b.length);
  let [most, count] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i] - b[i]);
    if (d > 0) count++;
    most = Math.max(most, d);
  }
  return { most, count };
}

const clipped = (polygon: number[], { width, height }: { width: number; height: number }) =>
  clipPolygon(Float64Array.from(polygon), { left: 0, top: 0, right: width, bottom: height });

/** @param pixels largest difference of a pixel value */
export function check(name: string, found: Sample, pixels = 0): void {
  const expected = cases[name];
  const picture = found.image as AnyImage;
  expect([picture.height, picture.width, 3], name).toEqual(shape(`${name}.img`));
  expect(found.meta.imgShape, name).toEqual(expected.img_shape);
  const reference = picture.data instanceof Uint8Array ? bytes(`${name}.img`) : floats(`${name}.img`);
  expect(difference(picture.data, reference).most, `${name}: pixels`).toBeLessThanOrEqual(pixels);
  const truths = found.truths!;
  expect([...truths.labels], name).toEqual(expected.labels);
  expect([...truths.ignored], name).toEqual(expected.ignored);
  expect(difference(truths.bboxes, expected.boxes).most, `${name}: boxes`).toBeLessThan(2e-5);
  if (expected.scale_factor) expect([...found.meta.scaleFactor]).toEqual(expected.scale_factor);
  if (expected.pad_param) expect(found.meta.padParam).toEqual(expected.pad_param);
  const { masks } = truths;
  expect(masks?.kind ?? null, name).toBe(expected.masks);
  if (masks?.kind === 'polygon')
    for (const [i, parts] of masks.masks.entries())
      for (const [k, part] of parts.entries())
        expect(
          difference(part.slice(0, 40), clipped(expected.polygons![i][k], masks)).most,
          `${name}: outlines`,
        ).toBeLessThan(1e-3);
  if (masks?.kind === 'bitmap') {
    const [count, height, width] = shape(`${name}.masks`);
    expect([masks.masks.length, masks.height, masks.width], name).toEqual([count, height, width]);
    const maps = bytes(`${name}.masks`);
    for (const [i, mask] of masks.masks.entries()) {
      const map = maps.subarray(i * height * width, (i + 1) * height * width);
      expect([...mask.counts], `${name}: mask ${i}`).toEqual([...encodeRle(map, height, width).counts]);
      expect(decodeRle(mask).length).toBe(map.length);
    }
  }
}

const registry = new Registry(TRANSFORMS);

/** A case's options with their defaults. */
// biome-ignore lint/suspicious/noExplicitAny: each transform's own options
export const options = ({ cfg: { type, ...rest } }: Case): any =>
  parseOptions(registry.get('transform', type), rest, 'pipeline.0');

/** The samples that go in. */
export const given = ({ inputs, masks }: Case): Sample[] => inputs.map((i) => sample(i, masks));

/** Every number drawn, in order. */
export const numbers = ({ draws }: Case): number[] => draws.flat();

/** What an affine map is made of, from the numbers drawn. */
export const affineDraw = (c: Case): AffineDraw => {
  const [rotation, scale, a, b, x, y] = numbers(c);
  const [width, height] = [c.img_shape[1], c.img_shape[0]];
  return { rotation, scale, shear: [a, b], translation: [x * width, y * height] };
};

/** Runs the transforms of a case, which draw no numbers, and compares. */
export async function checkSteps(name: string, c: Case): Promise<void> {
  const build = (step: ModuleConfig) => registry.build('transform', step, { path: 'pipeline.0' }) as Transform;
  const [own] = given(c);
  const found = await runSteps(([c.cfg].flat() as ModuleConfig[]).map(build), own, Random.seeded(0));
  if (c.none) expect(found).toBeUndefined();
  else check(name, found!);
}
