// Outlines of masks: the path encloses the mask's pixels, holes included, and is short.

import { createCanvas, Path2D } from '@napi-rs/canvas';
import { expect, test } from 'vitest';
import { encodeRle } from '../../src/masks';
import { maskOutline } from '../../src/visualization/mask-outline';

const [WIDTH, HEIGHT] = [60, 40];
const maskOf = (inside: (x: number, y: number) => boolean) =>
  Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => Number(inside(i % WIDTH, Math.floor(i / WIDTH))));

/** The path filled again. */
function filled(path: string): Uint8Array {
  const context = createCanvas(WIDTH, HEIGHT).getContext('2d');
  context.fill(new Path2D(path), 'evenodd');
  const { data } = context.getImageData(0, 0, WIDTH, HEIGHT);
  return Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => Number(data[4 * i + 3] > 127));
}
const differing = (a: Uint8Array, b: Uint8Array) => a.reduce((n, v, i) => n + Number(v !== b[i]), 0);

const shapes: Record<string, (x: number, y: number) => boolean> = {
  rectangle: (x, y) => x >= 5 && x < 30 && y >= 3 && y < 20,
  'two parts that touch at a corner': (x, y) => (x < 10 && y < 10) || (x >= 10 && x < 25 && y >= 10 && y < 30),
  ring: (x, y) => (x - 30) ** 2 + (y - 20) ** 2 < 300 && (x - 30) ** 2 + (y - 20) ** 2 >= 80,
};

test.each(Object.keys(shapes))('%s: the path without tolerance is the mask', (name) => {
  const bitmap = maskOf(shapes[name]);
  expect(differing(filled(maskOutline(encodeRle(bitmap, HEIGHT, WIDTH), 0)), bitmap)).toBe(0);
});

test('a simplified path is short and nearly the mask', () => {
  const bitmap = maskOf(shapes.ring);
  const rle = encodeRle(bitmap, HEIGHT, WIDTH);
  const [exact, short] = [maskOutline(rle, 0), maskOutline(rle)];
  expect(short.length).toBeLessThan(exact.length / 2);
  expect(differing(filled(short), bitmap)).toBeLessThan(0.06 * bitmap.reduce((a, b) => a + b, 0));
});

test('a rectangle has four corners, an empty mask no path', () => {
  expect(maskOutline(encodeRle(maskOf(shapes.rectangle), HEIGHT, WIDTH))).toBe('M5 3L30 3L30 20L5 20z');
  expect(
    maskOutline(
      encodeRle(
        maskOf(() => false),
        HEIGHT,
        WIDTH,
      ),
    ),
  ).toBe('');
});
