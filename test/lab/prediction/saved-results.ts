// Three images, their truths as a COCO file with ids out of order, and predictions with masks that nearly meet them: what
// test/golden/saved_results.json is made of.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { PredictionList } from '../../../src/lab/prediction-list';
import { Predictions } from '../../../src/lab/predictions';
import { encodeRle, type Rle, rleToBox } from '../../../src/masks';
import { Random } from '../../../src/random';

const [WIDTH, HEIGHT] = [120, 80];
const classes = ['cell', 'nucleus'];
/** The file's ids of them. */
const CATEGORIES = [17, 4];
const IDS = [31, 7, 12];

const ellipse = (x: number, y: number, rx: number, ry: number): Rle =>
  encodeRle(
    Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) =>
      (((i % WIDTH) - x) / rx) ** 2 + ((Math.floor(i / WIDTH) - y) / ry) ** 2 <= 1 ? 1 : 0,
    ),
    HEIGHT,
    WIDTH,
  );

/** Writes `images/` and `gt.json` into a folder. */
export async function savedResults(
  folder: string,
): Promise<{ predictions: PredictionList; annFile: string; images: string }> {
  const images = join(folder, 'images');
  mkdirSync(images, { recursive: true });
  const pixels = { data: new Uint8Array(WIDTH * HEIGHT * 3), width: WIDTH, height: HEIGHT, order: 'rgb' as const };
  const random = Random.seeded(5);
  const annotations: object[] = [];
  const all: Predictions[] = [];
  const between = (low: number, high: number) => Math.round(low + random.uniform() * (high - low));
  for (const [n, image_id] of IDS.entries()) {
    const file = join(images, `scan ${n}.png`);
    await sharp(pixels.data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } }).toFile(file);
    const masks: Rle[] = [];
    const labels: number[] = [];
    const scores: number[] = [];
    for (let i = 0; i < 4; i++) {
      const [x, y, rx, ry] = [between(20, 100), between(20, 60), between(6, 18), between(6, 18)];
      const label = between(0, 1);
      const truth = ellipse(x, y, rx, ry);
      const segmentation = { size: [HEIGHT, WIDTH], counts: [...truth.counts] };
      const area = truth.counts.reduce((sum, run, k) => sum + (k % 2 === 1 ? run : 0), 0);
      annotations.push({
        id: annotations.length + 1,
        image_id,
        category_id: CATEGORIES[label],
        iscrowd: 0,
        area,
        segmentation,
        bbox: rleToBox(truth),
      });
      masks.push(ellipse(x + between(-3, 3), y + between(-3, 3), rx, ry));
      labels.push(i === 3 ? 1 - label : label);
      scores.push((16 - between(1, 12)) / 16);
    }
    const bboxes = masks.flatMap((mask) => {
      const [x, y, w, h] = rleToBox(mask);
      return [x, y, x + w, y + h];
    });
    const detections = {
      bboxes: Float32Array.from(bboxes),
      scores: Float32Array.from(scores),
      labels: Int32Array.from(labels),
      masks,
    };
    all.push(Predictions.create(`scan ${n}.png`, pixels, detections, classes, {}, { file }));
  }
  const annFile = join(folder, 'gt.json');
  const gt = {
    images: IDS.map((id, n) => ({ id, file_name: `scan ${n}.png`, width: WIDTH, height: HEIGHT })),
    categories: classes.map((name, i) => ({ id: CATEGORIES[i], name })),
    annotations,
  };
  writeFileSync(annFile, JSON.stringify(gt));
  return { predictions: PredictionList.create(all, classes), annFile, images };
}
