// Decoded images in shared memory: what is kept, up to how many bytes.

import { expect, it } from 'vitest';
import { ImageCache, imageCacheMemory } from '../../../src/data/loading/image-cache';

const image = (value: number, width = 8, height = 5) => ({
  data: new Uint8Array(3 * width * height).fill(value),
  width,
  height,
  order: 'rgb' as const,
});

it('gives copies of the images that were put, to any holder of the memory', () => {
  const memory = imageCacheMemory(10_000, 4);
  const [one, other] = [new ImageCache(memory), new ImageCache(structuredClone(memory))];
  expect(one.get('a')).toBeUndefined();
  one.put('a', image(7));
  one.put('b', { ...image(9), full: { width: 32, height: 20 } });
  one.put('a', image(1));
  expect(other.get('a')).toEqual(image(7));
  expect(other.get('b')).toEqual({ ...image(9), full: { width: 32, height: 20 } });
  other.get('a')!.data[0] = 0;
  expect(one.get('a')!.data[0]).toBe(7);
});

it('keeps the first images that fit', () => {
  const cache = new ImageCache(imageCacheMemory(1000, 100));
  for (let i = 0; i < 100; i++) cache.put(String(i), image(i));
  const kept = Array.from({ length: 100 }, (_, i) => i).filter((i) => cache.get(String(i)));
  expect(kept).toEqual([0, 1, 2, 3, 4, 5, 6]); // 128 bytes each
  cache.put('large', image(1, 100, 100));
  expect(cache.get('large')).toBeUndefined();
  expect(cache.bytes).toBe(7 * 128);
});

it('does not mix images up, also where their places meet', () => {
  const cache = new ImageCache(imageCacheMemory(2 ** 20, 1));
  for (let i = 0; i < 200; i++) cache.put(String(i), image(i));
  for (let i = 0; i < 200; i++) expect(cache.get(String(i))?.data[0] ?? i).toBe(i);
});
