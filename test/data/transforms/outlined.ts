// An image with outlines of every kind, and a pipeline run on it.

import type { ModuleConfig } from '../../../src/catalogue/registry';
import { streamFor } from '../../../src/data/loading/random-streams';
import { buildPipeline } from '../../../src/data/pipeline';
import type { ImageRecord, PixelImage } from '../../../src/data/types';
import { polygonsToRle } from '../../../src/masks';

export const [W, H] = [60, 40];

/** The outline of the first object, and its run lengths in `whole`. */
export const star = [10, 20, 18, 6, 25, 20.5, 40, 22, 24, 30];
export const whole = polygonsToRle([star], H, W);

export const record: ImageRecord = {
  id: 1,
  path: '/images/val/one.png',
  width: W,
  height: H,
  truths: {
    bboxes: Float32Array.from([10, 6, 40, 30, 2, 3, 8, 9, 0, 0, 20, 20, 5, 5, 9, 9]),
    labels: Int32Array.from([0, 1, 2, 1]),
    ignored: Uint8Array.from([0, 0, 1, 0]),
  },
  areas: Float32Array.from([300, 36, 400, 16]),
  annotationIds: [1, 2, 3, 4],
  segmentations: [
    [star, [1, 2, 3, 4]], // the second part is no polygon
    [[2, 3, 2, 9, 8, 9, 8, 3]],
    { size: [H, W], counts: [0, 800, 1600] },
    undefined,
  ],
};

const pixels: PixelImage = { data: new Uint8Array(W * H * 3), width: W, height: H, order: 'rgb' };

/** The sample that `steps` pack of the image. */
export const run = (steps: ModuleConfig[], of = record, seed = 0) =>
  buildPipeline([...steps, { type: 'PackDetInputs' }]).run(of, streamFor(seed), pixels);

export const load = { type: 'LoadAnnotations', with_mask: true };

/** The images of 40 draws of one transform. */
export const sizes = async (step: ModuleConfig) => {
  const found = [];
  for (let i = 0; i < 40; i++) found.push((await run([step], record, i)).image);
  return found;
};

export const proposals = {
  bboxes: Float32Array.from([0, 0, 10, 10, 5, 5, 30, 30]),
  scores: Float32Array.from([0.9, 0.1]),
};
