// A sample of 8 x 10 pixels with masks, and single transforms for it.

import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { TRANSFORMS } from '../../../src/data/transforms';
import { type Sample, sampleOf, type Transform } from '../../../src/data/transforms/sample';
import { encodeRle } from '../../../src/masks';

const registry = new Registry(TRANSFORMS);

export const build = (config: ModuleConfig) => registry.build('transform', config, { path: 'pipeline.0' }) as Transform;

/** 8 x 10 pixels whose blue is 10 y + x, with a box at the top left, one across the middle and one ignored. */
export function sample(): Sample {
  const [height, width] = [8, 10];
  const data = new Uint8Array(height * width * 3);
  for (let i = 0; i < height * width; i++) data[3 * i] = i;
  const truths = {
    bboxes: Float32Array.of(0, 0, 2, 2, 3, 2, 8, 6, 6, 5, 10, 8),
    labels: Int32Array.of(0, 1, 2),
    ignored: Uint8Array.of(0, 0, 1),
  };
  const bitmap = (x1: number, y1: number, x2: number, y2: number) =>
    encodeRle(
      Uint8Array.from({ length: height * width }, (_, i) => {
        const [x, y] = [i % width, Math.floor(i / width)];
        return x >= x1 && x < x2 && y >= y1 && y < y2 ? 1 : 0;
      }),
      height,
      width,
    );
  const masks = [bitmap(0, 0, 2, 2), bitmap(4, 2, 7, 5), bitmap(6, 5, 10, 8)];
  const record = { id: 1, path: 'a', width, height, truths, areas: new Float32Array(3), annotationIds: [1, 2, 3] };
  return {
    ...sampleOf(record),
    image: { data, width, height, order: 'bgr' },
    truths: { ...truths, masks: { kind: 'bitmap', height, width, masks } },
  };
}

/** Black pixels with a box. */
export function plain([height, width]: readonly [number, number]): Sample {
  const truths = {
    bboxes: Float32Array.of(4, 5, 22, 20),
    labels: Int32Array.of(0),
    ignored: Uint8Array.of(0),
  };
  const record = { id: 1, path: 'a', width, height, truths, areas: Float32Array.of(270), annotationIds: [1] };
  const image = { data: new Uint8Array(height * width * 3), width, height, order: 'bgr' as const };
  return { ...sampleOf(record), image, truths };
}
