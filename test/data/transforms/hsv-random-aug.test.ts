// YOLOXHSVRandomAug and YOLOv5HSVRandomAug against MMDetection's and MMYOLO's, for the numbers they drew.

import { expect, it } from 'vitest';
import { recolour } from '../../../src/data/pixels/hsv';
import { gainTables, shiftTables } from '../../../src/data/transforms/hsv-random-aug';
import type { Sample } from '../../../src/data/transforms/sample';
import { bytes, casesNamed, check, given, image, numbers } from './golden-cases';

/** One level off at the end of a row, where OpenCV's scalar code takes over. */
function checkColours(name: string, own: Sample): void {
  check(name, own, 1);
  const { data, width } = own.image!;
  const whole = width - (width % 32);
  const off = bytes(`${name}.img`).map((v, i) => (Math.floor(i / 3) % width < whole ? Math.abs(v - data[i]) : 0));
  expect(Math.max(...off), name).toBe(0);
}

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
