// Transforms against MMDetection's and MMYOLO's, for the numbers those drew: pixels, boxes, labels, flags and masks.

import { describe, expect, it, test } from 'vitest';
import { type ModuleConfig, parseOptions, Registry } from '../../src/catalogue/registry';
import { type AffineDraw, affineMatrix, translateFirst } from '../../src/data/pixels/affine-matrix';
import { meanBlur, medianBlur } from '../../src/data/pixels/blur';
import { equalize } from '../../src/data/pixels/clahe';
import { toLab } from '../../src/data/pixels/lab';
import { resizeBilinear } from '../../src/data/pixels/resize-bilinear';
import { TRANSFORMS } from '../../src/data/transforms';
import { equalizeLightness, toGray } from '../../src/data/transforms/albu';
import { applyExpand } from '../../src/data/transforms/expand';
import { gainTables, recolour, shiftTables } from '../../src/data/transforms/hsv-random-aug';
import { applyMinIoUCrop, isValidCrop } from '../../src/data/transforms/min-iou-random-crop';
import { mixUp } from '../../src/data/transforms/mix-up-images';
import { mosaic } from '../../src/data/transforms/mosaic-tiles';
import { type Distortion, distort } from '../../src/data/transforms/photo-metric-distortion';
import { applyRandomAffine } from '../../src/data/transforms/random-affine';
import { applyShift } from '../../src/data/transforms/random-shift';
import { runSteps, type Sample, type Transform } from '../../src/data/transforms/sample';
import { applyYOLOv5MixUp } from '../../src/data/transforms/yolov5-mix-up';
import { applyYOLOv5Affine } from '../../src/data/transforms/yolov5-random-affine';
import { Random } from '../../src/random';
import { bytes, type Case, cases, casesNamed, check, difference, floats, image, sample } from './mixing-golden';

const registry = new Registry(TRANSFORMS);
/** A case's options with their defaults. */
// biome-ignore lint/suspicious/noExplicitAny: each transform's own options
const options = ({ cfg: { type, ...rest } }: Case): any =>
  parseOptions(registry.get('transform', type), rest, 'pipeline.0');
const given = ({ inputs, masks }: Case): Sample[] => inputs.map((i) => sample(i, masks));
const numbers = ({ draws }: Case): number[] => draws.flat();

describe('SSD', () => {
  it.each(casesNamed(/^expand/))('%s', (name, c) => {
    const [own] = given(c);
    const [, ratio, left, top] = numbers(c);
    const { width, height } = own.image!;
    const place = { left: Math.trunc(left), top: Math.trunc(top) };
    check(
      name,
      applyExpand(own, options(c), {
        ...place,
        width: Math.trunc(width * ratio),
        height: Math.trunc(height * ratio),
      }),
    );
  });

  it.each(casesNamed(/^min_iou/))('%s', (name, c) => {
    const [own] = given(c);
    const { width, height } = own.image!;
    const boxes = own.truths!.bboxes;
    // the reference's loop over its own numbers
    const draws = numbers(c);
    const next = () => draws.shift()!;
    const window = (() => {
      for (;;) {
        const least = next();
        if (least === 1) return undefined;
        for (let i = 0; i < 50; i++) {
          const [w, h] = [next(), next()];
          if (h / w < 0.5 || h / w > 2) continue;
          const [x, y] = [next(), next()];
          const [left, top] = [Math.trunc(x), Math.trunc(y)];
          const found = { left, top, width: Math.trunc(x + w) - left, height: Math.trunc(y + h) - top };
          if (isValidCrop(boxes, found, least)) return found;
        }
      }
    })();
    expect(draws).toEqual([]);
    expect(window === undefined || (window.width <= width && window.height <= height)).toBe(true);
    check(name, window ? applyMinIoUCrop(own, window) : own);
  });

  it.each(casesNamed(/^photo/))('%s', (name, c) => {
    const [own] = given(c);
    const [mode, brightness, contrast, saturation, hue, swap, ...values] = numbers(c);
    const distortion: Distortion = { contrastLast: mode === 0 };
    if (brightness) distortion.brightness = values[0];
    if (contrast) distortion.contrast = values[1];
    if (saturation) distortion.saturation = values[2];
    if (hue) distortion.hue = values[3];
    if (swap) distortion.swap = values.slice(4);
    own.image = distort(own.image!, distortion);
    check(name, own, 2e-3);
  });

  it.each(casesNamed(/^shift/))('%s', (name, c) => {
    const [own] = given(c);
    const [, x, y] = numbers(c);
    check(name, applyShift(own, x, y));
  });
});

/** One level off at the end of a row, where OpenCV's scalar code takes over. */
function checkColours(name: string, own: Sample): void {
  check(name, own, 1);
  const { data, width } = own.image!;
  const whole = width - (width % 32);
  const off = bytes(`${name}.img`).map((v, i) => (Math.floor(i / 3) % width < whole ? Math.abs(v - data[i]) : 0));
  expect(Math.max(...off), name).toBe(0);
}

describe('colours', () => {
  it.each(casesNamed(/^hsv_yolox/))('%s', (name, c) => {
    const [own] = given(c);
    const [h, s, v, ...on] = numbers(c);
    const shifts = [h * 5, s * 30, v * 30].map((shift, i) => Math.trunc(shift * on[i]));
    own.image = recolour(image(`image${c.inputs[0]}`), shiftTables(shifts));
    checkColours(name, own);
  });

  it.each(casesNamed(/^hsv_yolov5/))('%s', (name, c) => {
    const [own] = given(c);
    const gains = numbers(c).map((u, i) => u * [0.015, 0.7, 0.4][i] + 1);
    own.image = recolour(image(`image${c.inputs[0]}`), gainTables(gains));
    checkColours(name, own);
  });

  it('of an image in the other order are the same', () => {
    const bgr = image('image0');
    const turned = (data: Uint8Array) => data.map((_, i) => data[i - (i % 3) + 2 - (i % 3)]);
    const rgb = recolour({ ...bgr, data: turned(bgr.data), order: 'rgb' }, gainTables([1.01, 0.6, 1.3]));
    expect(turned(rgb.data)).toEqual(recolour(bgr, gainTables([1.01, 0.6, 1.3])).data);
  });

  it.each([3, 5, 7])('blurred over %i pixels', (size) => {
    expect(difference(meanBlur(image('image3'), size).data, bytes(`blur_${size}`)).most).toBe(0);
    expect(difference(medianBlur(image('image3'), size).data, bytes(`median_${size}`)).most).toBe(0);
  });

  it('gray, and equalised', () => {
    expect(difference(toGray(image('image3')).data, bytes('gray')).most).toBe(0);
    for (const [i, clip] of [
      [3, 2.5],
      [0, 4],
    ]) {
      const { width, height } = image(`image${i}`);
      const lightness = bytes(`lightness_${i}`);
      expect(difference(equalize(lightness, width, height, clip), bytes(`lightness_${i}_clahe`)).most).toBe(0);
      const [l] = toLab(image(`image${i}`), 0);
      expect(difference(l, lightness).most).toBe(0);
      const full = equalizeLightness(image(`image${i}`), clip).data;
      expect(difference(full, bytes(`clahe_${i}`)).most).toBeLessThanOrEqual(3);
    }
  });
});

describe('affine maps', () => {
  const draw = (c: Case): AffineDraw => {
    const [rotation, scale, a, b, x, y] = numbers(c);
    const [width, height] = [c.img_shape[1], c.img_shape[0]];
    return { rotation, scale, shear: [a, b], translation: [x * width, y * height] };
  };
  it.each(casesNamed(/^affine_(\d|free)/))('%s', (name, c) => {
    const [own] = given(c);
    const matrix = Float32Array.from(c.matrix!);
    expect(difference(affineMatrix(draw(c)), matrix).most).toBeLessThan(1e-5);
    check(name, applyRandomAffine(own, matrix, options(c)));
  });

  it.each(casesNamed(/^affine_yolov5/))('%s', (name, c) => {
    const [own] = given(c);
    const matrix = Float32Array.from(c.matrix!);
    const { width, height } = own.image!;
    expect(difference(translateFirst(affineMatrix(draw(c)), -width / 2, -height / 2), matrix).most).toBeLessThan(2e-5);
    check(name, applyYOLOv5Affine(own, matrix, draw(c).scale, options(c)));
  });
});

describe('several images', () => {
  it.each(casesNamed(/^mosaic/))('%s', (name, c) => {
    const parts = given(c);
    const o = options(c);
    // the wrapper's and the cached ones draw first whether to mix at all
    const [x, y] = numbers(c).slice(-2);
    const center: [number, number] = [Math.trunc(x * o.img_scale[0]), Math.trunc(y * o.img_scale[1])];
    const { image: picture, truths } = mosaic(parts, center, o, name.includes('mmyolo') ? 'mmyolo' : 'mmdet');
    const meta = { ...parts[0].meta, imgShape: [picture.height, picture.width] as [number, number] };
    check(name, { ...parts[0], image: picture, truths, meta });
  });

  it.each(casesNamed(/^mixup_(\d|free|cached)/))('%s', (name, c) => {
    const [own, other] = given(c);
    const draws = numbers(c);
    if (name.includes('cached')) draws.shift();
    const [jitter, turn, ...offsets] = draws;
    const offset = (x: number, y: number): [number, number] => {
      const top = y > 0 ? offsets.shift()! : 0;
      return [x > 0 ? offsets.shift()! : 0, top];
    };
    const { image: picture, truths } = mixUp(own, other, { jitter, flip: turn > 0.5, offset }, options(c), true);
    expect(offsets).toEqual([]);
    const meta = { ...own.meta, imgShape: [picture.height, picture.width] as [number, number] };
    // doubles of the reference, cut to bytes: one of a thousand lies one level off
    check(name, { ...own, image: picture, truths, meta }, 1);
    expect(difference(picture.data, bytes(`${name}.img`)).count).toBeLessThan(picture.data.length / 1000);
  });

  test('mixup_yolov5', () => {
    const c = cases.mixup_yolov5;
    const [own, other] = given(c);
    check('mixup_yolov5', applyYOLOv5MixUp(own, other, numbers(c).at(-1)!));
  });
});

describe('sizes', () => {
  const steps = (cfg: ModuleConfig | ModuleConfig[]) =>
    [cfg].flat().map((step) => registry.build('transform', step, { path: 'pipeline.0' }) as Transform);
  it.each(casesNamed(/^(keep_ratio|letter|filter)/))('%s', async (name, c) => {
    const [own] = given(c);
    const found = await runSteps(steps(c.cfg), own, Random.seeded(0));
    if (c.none) expect(found).toBeUndefined();
    else check(name, found!);
  });

  it('floats', () => {
    const bgr = image('image0');
    const data = Float32Array.from(bgr.data, (v) => Math.fround(v * 1.25 - 20));
    expect(difference(resizeBilinear({ ...bgr, data }, 47, 61).data, floats('float_resize')).most).toBeLessThan(1e-3);
  });
});
