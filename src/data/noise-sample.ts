// Packed samples of noise, for measuring: the cost of a step does not depend on an image's content.

import { uprightAsRotated } from '../geometry/rotated-boxes';
import type { InstanceMasks } from '../masks';
import { Random } from '../random';
import type { PackedSample } from './types';

export interface NoiseOptions {
  width: number;
  height: number;
  /** Number of ground-truth boxes, each with its ellipse as mask. */
  boxes: number;
  classes: number;
  /** Whether the boxes are rotated. */
  rotated?: boolean;
}

/** @param id seeds its noise and boxes */
export function noiseSample(id: number, { width, height, boxes, classes, rotated }: NoiseOptions): PackedSample {
  const random = Random.seeded(id + 1);
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = random.uint32() >>> 24;
  const bboxes = new Float32Array(boxes * 4);
  const labels = new Int32Array(boxes);
  for (let k = 0; k < boxes; k++) {
    const w = random.uniform(0.08, 0.4) * width;
    const h = random.uniform(0.08, 0.4) * height;
    const x = random.uniform(0, width - w);
    const y = random.uniform(0, height - h);
    bboxes.set([x, y, x + w, y + h], k * 4);
    labels[k] = random.integer(classes);
  }
  return {
    image: { data, width, height, order: 'rgb' },
    meta: {
      imgId: id,
      imgPath: `noise-${id}`,
      oriShape: [height, width],
      imgShape: [height, width],
      scaleFactor: [1, 1],
      flip: false,
    },
    truths: {
      bboxes,
      ...(rotated && { rboxes: uprightAsRotated(bboxes) }),
      labels,
      ignored: new Uint8Array(boxes),
      masks: ellipses(bboxes, width, height),
    },
  };
}

/** The ellipse inscribed in each box, as a polygon of 24 vertices. */
function ellipses(bboxes: Float32Array, width: number, height: number): InstanceMasks {
  const masks = Array.from({ length: bboxes.length / 4 }, (_, k) => {
    const [x1, y1, x2, y2] = bboxes.subarray(k * 4, k * 4 + 4);
    const at = (i: number) => (i * Math.PI) / 12;
    const corner = (i: number) => [
      (x1 + x2 + (x2 - x1) * Math.cos(at(i))) / 2,
      (y1 + y2 + (y2 - y1) * Math.sin(at(i))) / 2,
    ];
    return [Float64Array.from(Array.from({ length: 24 }, (_, i) => corner(i)).flat())];
  });
  return { kind: 'polygon', width, height, masks };
}
