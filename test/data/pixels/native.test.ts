// The pixel kernels in C++, and the same functions in TypeScript, against cv2's values.

import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import '../../../src/data/node-platform';
import { compiledKernels } from '../../../src/data/pixels/compiled-kernels';
import { flipPixels } from '../../../src/data/pixels/flip';
import { recolour, toHsvBytes } from '../../../src/data/pixels/hsv';
import { mixWindow } from '../../../src/data/pixels/mix-window';
import { resizeBilinear } from '../../../src/data/pixels/resize-bilinear';
import { warpPerspective } from '../../../src/data/pixels/warp-perspective';
import { shiftTables } from '../../../src/data/transforms/hsv-random-aug';
import type { PixelImage } from '../../../src/data/types';
import { goldenJson } from '../../golden-data';

interface Case {
  step: 'resize' | 'affine' | 'perspective' | 'hsv' | 'mix' | 'shift';
  seed: number;
  size: [number, number];
  to: [number, number];
  matrix: number[];
  shifts: number[];
  digest: string;
}
const { cases } = goldenJson<{ cases: Case[] }>('pixels');

/** As in golden/generate/pixels.py. */
function image(seed: number, width: number, height: number): PixelImage {
  let state = seed;
  const data = Uint8Array.from({ length: width * height * 3 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
  return { data, width, height, order: 'bgr' };
}

const black = (width: number, height: number): PixelImage => ({
  data: new Uint8Array(width * height * 3),
  width,
  height,
  order: 'bgr',
});

/** The whole of `other` at that size, mixed into black: half its values. */
const halved = (other: PixelImage, width: number, height: number, flip = false): Uint8Array =>
  mixWindow(black(width, height), other, { width, height, flip, left: 0, top: 0, colour: [1, 2, 3] }).data;

function computed({ step, seed, size, to, matrix, shifts }: Case): Uint8Array {
  const given = image(seed, ...size);
  if (step === 'resize') return resizeBilinear(given, ...to).data;
  if (step === 'mix') return halved(given, ...to);
  if (step === 'shift') return recolour(given, shiftTables(shifts)).data;
  if (step !== 'hsv') return warpPerspective(given, matrix, ...to, [114, 20, 30]).data;
  const { h, s, v } = toHsvBytes(given);
  return Uint8Array.from({ length: 3 * h.length }, (_, i) => [h, s, v][i % 3][Math.floor(i / 3)]);
}

const digest = (values: Uint8Array) => createHash('sha256').update(values).digest('hex').slice(0, 16);

/** Its value without the kernels. */
function inTypeScript<T>(f: () => T): T {
  process.env.DETLAB_PIXELS = '0';
  try {
    return f();
  } finally {
    delete process.env.DETLAB_PIXELS;
  }
}

const titled = (chosen: Case[]) =>
  chosen.map((c) => [`${c.step} of ${c.size.join(' x ')}${c.to ? ` to ${c.to.join(' x ')}` : ''}`, c] as const);

describe.skipIf(!compiledKernels())('kernels', () => {
  it.each(titled(cases))('%s', (_, c) => expect(digest(computed(c))).toBe(c.digest));

  it.each([
    [40, 30, 70, 66],
    [9, 64, 5, 80],
  ])('a window of the other image, mirrored, with colour around it: as in TypeScript', (...sizes) => {
    const [given, other] = [image(1, sizes[0], sizes[1]), image(2, 21, 17)];
    const window = { width: sizes[2], height: sizes[3], flip: true, left: 3, top: 40, colour: [114, 20, 30] };
    const mixed = () => mixWindow(given, other, window).data;
    expect(mixed()).toEqual(inTypeScript(mixed));
  });

  it('an image is mirrored as in TypeScript', () => {
    const mirrored = () => flipPixels(image(3, 37, 5), 'horizontal').data;
    expect(mirrored()).toEqual(inTypeScript(mirrored));
  });

  it('arrays that are too short are refused', () => {
    const short = new Uint8Array(11);
    expect(() => compiledKernels()!.resizeBilinear(short, 2, 2, new Uint8Array(48), 4, 4)).toThrow(
      'expected an array of 12 values as argument 0, received 11',
    );
    expect(() => compiledKernels()!.resizeBilinear(new Uint8Array(12), 2, 2, short, 4, 4)).toThrow(
      'expected an array of 48',
    );
    expect(() => compiledKernels()!.toHsv(new Uint8Array(0), 0, 2, 0, short, short, short)).toThrow('at least 1');
  });

  it('memory is freed at once', () => {
    const array = Buffer.from(new Uint8Array(1000).buffer);
    compiledKernels()!.free(array);
    expect(array.length).toBe(0);
    expect(() => compiledKernels()!.free(array)).not.toThrow();
  });
});

describe('in TypeScript', () => {
  beforeEach(() => {
    process.env.DETLAB_PIXELS = '0';
  });
  afterEach(() => {
    delete process.env.DETLAB_PIXELS;
  });

  it.each(titled(cases.filter(({ step }) => step !== 'mix')))('%s', (_, c) =>
    expect(digest(computed(c))).toBe(c.digest),
  );

  it('products that are not fused change hardly a value of what is mixed', () => {
    const mixed = () => halved(image(1, 64, 48), 107, 80);
    process.env.DETLAB_PIXELS = '1';
    const fused = mixed();
    process.env.DETLAB_PIXELS = '0';
    const off = mixed().map((value, i) => Math.abs(value - fused[i]));
    expect(Math.max(...off)).toBeLessThanOrEqual(1);
    expect(off.filter((distance) => distance > 0).length).toBeLessThan(5);
  });
});
