// The COCO files of golden cases as what analyses read: ground truth and detections image by image.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ErrorInput } from '../../src/analysis/error-kinds';
import { type CocoFile, truthsOfCoco } from '../../src/evaluation/image-truths';
import { polygonToRle } from '../../src/masks';

export const golden = (name: string) => JSON.parse(readFileSync(path.join(__dirname, '../golden', name), 'utf8'));
/** With the files of its own cases; those of the others are golden COCO files. */
export const tide = golden('tide.json');

interface Found {
  image_id: number;
  category_id: number;
  bbox: [number, number, number, number];
  score: number;
}

const octagon = ([x, y, w, h]: number[]) =>
  Array.from({ length: 8 }, (_, k) => [
    x + w / 2 + 0.4 * w * Math.cos((k * Math.PI) / 4),
    y + h / 2 + 0.4 * h * Math.sin((k * Math.PI) / 4),
  ])
    .flat()
    .map((v) => Math.round(v * 100) / 100);

/** @param mode `mask`: detections have masks, octagons of 0.8 times the box */
export function inputOf(name: string, mode: string): ErrorInput {
  const { gt, dt }: { gt: CocoFile; dt: Found[] } = tide.files[name] ?? {
    gt: golden(`coco_gt_${name}.json`),
    dt: golden(`coco_dt_${name}.json`),
  };
  const annotations = gt.annotations.map((a) => ({ ...a, segmentation: a.segmentation ?? [octagon(a.bbox)] }));
  const labels = new Map(gt.categories.map(({ id }, c) => [id, c]));
  const sizes = new Map(gt.images.map(({ id, height, width }) => [id, [height!, width!] as const]));
  const images = truthsOfCoco({ ...gt, annotations }).map((truths) => {
    const found = dt.filter(({ image_id }) => image_id === truths.imageId);
    return {
      truths,
      detections: {
        bboxes: found.flatMap(({ bbox: [x, y, w, h] }) => [x, y, x + w, y + h]),
        scores: found.map(({ score }) => score),
        labels: found.map(({ category_id }) => labels.get(category_id)!),
        ...(mode === 'mask' && {
          masks: found.map(({ bbox }) => polygonToRle(octagon(bbox), ...sizes.get(truths.imageId)!)),
        }),
      },
    };
  });
  const metric = { type: 'CocoMetric', metric: mode === 'mask' ? 'segm' : 'bbox' };
  return { classes: gt.categories.map((category) => category.name), metric, images };
}
