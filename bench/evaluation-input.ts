// Generated ground truth and detections for the measurements of evaluation: 5,000 images of COCO's size and density with 100
// detections each (near ones, wrong classes, duplicates, background), boxes alone or with masks.

import type { CocoFile } from '../src/evaluation';
import { polygonToRle, rleToSegmentation, type Segmentation } from '../src/masks';
import { Random } from '../src/random';

type Xywh = [number, number, number, number];

export interface FoundEntry {
  image_id: number;
  category_id: number;
  bbox: Xywh;
  score: number;
  segmentation?: Segmentation;
}

export interface EvaluationInput {
  gt: CocoFile;
  dt: FoundEntry[];
}

export interface InputSize {
  images?: number;
  perImage?: number;
  classes?: number;
  /** Outlines of 24 points for the objects, compressed run lengths for the detections. */
  masks?: boolean;
}

const [WIDTH, HEIGHT] = [640, 480];
const round = (v: number): number => Math.round(v * 100) / 100;

/** An ellipse in the box with a radius that varies by a tenth, as a polygon. */
function blob([x, y, w, h]: Xywh, random: Random): number[] {
  const phase = random.uniform(0, 2 * Math.PI);
  return Array.from({ length: 24 }, (_, i) => {
    const angle = (i * Math.PI) / 12;
    const radius = 0.45 + 0.05 * Math.sin(3 * angle + phase);
    return [round(x + w * (0.5 + radius * Math.cos(angle))), round(y + h * (0.5 + radius * Math.sin(angle)))];
  }).flat();
}

/** Truths as COCO has them, 7 an image, and detections, seeded. */
export function evaluationInput(size: InputSize = {}): EvaluationInput {
  const { images: count = 5000, perImage = 100, classes = 80, masks = false } = size;
  const random = Random.seeded(14);
  const shapes = Random.seeded(15);
  const images = Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    width: WIDTH,
    height: HEIGHT,
    file_name: `${i}.jpg`,
  }));
  const annotations: CocoFile['annotations'] = [];
  const dt: FoundEntry[] = [];
  for (const { id } of images) {
    const truths = Array.from({ length: 1 + random.integer(13) }, () => {
      const [w, h] = [random.uniform(8, 200), random.uniform(8, 160)];
      const bbox = [random.uniform(0, WIDTH - w), random.uniform(0, HEIGHT - h), w, h].map(round) as Xywh;
      return { category_id: 1 + random.integer(classes), bbox };
    });
    for (const { category_id, bbox } of truths) {
      const [x, y, w, h] = bbox;
      annotations.push({
        id: annotations.length + 1,
        image_id: id,
        category_id,
        bbox,
        area: w * h,
        iscrowd: random.uniform() < 0.01 ? 1 : 0,
        segmentation: [masks ? blob(bbox, shapes) : [x, y, x + w, y, x, y + h]],
      });
    }
    for (let k = 0; k < perImage; k++) {
      const near = truths[random.integer(truths.length)];
      const spread = random.uniform(0, 0.4);
      const [w, h] = [near.bbox[2], near.bbox[3]];
      const moved = near.bbox.map((v, i) => round(v + random.uniform(-spread, spread) * (i % 2 === 0 ? w : h)));
      const bbox: Xywh = [moved[0], moved[1], Math.max(1, moved[2]), Math.max(1, moved[3])];
      dt.push({
        image_id: id,
        category_id: random.uniform() < 0.7 ? near.category_id : 1 + random.integer(classes),
        bbox,
        score: Math.round(random.uniform() * 1000) / 1000,
        ...(masks && { segmentation: rleToSegmentation(polygonToRle(blob(bbox, shapes), HEIGHT, WIDTH)) }),
      });
    }
  }
  const categories = Array.from({ length: classes }, (_, c) => ({ id: c + 1, name: `class ${c + 1}` }));
  return { gt: { images, annotations, categories }, dt };
}
