// Statistics of a dataset's ground truth: objects by class, their sizes, shapes and positions, objects per image, image sizes.
// Crowds and difficult objects, which are not trained on, are left out.

import type { ImageRecord } from '../data/types';
import { AREA_RANGES } from '../evaluation/coco-matching';

/** Quantiles of values; NaN of none. */
export interface Distribution {
  count: number;
  min: number;
  q25: number;
  median: number;
  q75: number;
  max: number;
  mean: number;
}

export interface Histogram {
  /** Lower bounds of the bins, and the upper bound of the last. */
  edges: number[];
  counts: number[];
}

export interface ClassStatistics {
  name: string;
  /** Images with an object of the class. */
  images: number;
  objects: number;
  /** Of all objects. */
  share: number;
  /** By COCO's ranges of area. */
  small: number;
  medium: number;
  large: number;
  /** Square root of the area of the box, in pixels, and width over height. */
  side: Distribution;
  aspect: Distribution;
}

export interface DatasetStatistics {
  images: number;
  objects: number;
  /** Crowds and difficult objects. */
  ignored: number;
  classes: ClassStatistics[];
  side: Distribution;
  /** Side of the box over that of the image, both as square roots of areas. */
  relativeSide: Distribution;
  aspect: Distribution;
  objectsPerImage: Distribution;
  imageWidth: Distribution;
  imageHeight: Distribution;
  histograms: { side: Histogram; aspect: Histogram; objectsPerImage: Histogram; imageSide: Histogram };
  /** Shares of box centres in a grid of `cells` x `cells` over the image, row by row from the top left. */
  positions: { cells: number; shares: number[] };
}

const CELLS = 16;
const SIDES = [0, 8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 1024];
const ASPECTS = [0, 1 / 8, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 0.8, 1.25, 1.5, 2, 3, 4, 8];
const COUNTS = [0, 1, 2, 3, 5, 10, 20, 50, 100];
const IMAGE_SIDES = [0, 128, 256, 320, 480, 640, 800, 1024, 1333, 2048, 4096];

export function distribution(values: readonly number[]): Distribution {
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  /** Linear between neighbours, as numpy's. */
  const quantile = (q: number): number => {
    if (n === 0) return Number.NaN;
    const at = q * (n - 1);
    const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
    return low + (high - low) * (at - Math.floor(at));
  };
  const mean = n === 0 ? Number.NaN : sorted.reduce((sum, value) => sum + value, 0) / n;
  const [min, q25, median, q75, max] = [0, 0.25, 0.5, 0.75, 1].map(quantile);
  return { count: n, min, q25, median, q75, max, mean };
}

/** Values in bins [edge, next edge); what is above all edges has a bin of its own. Bins without values at both ends are left out. */
export function histogram(values: readonly number[], edges: readonly number[]): Histogram {
  const all = [...edges, Number.POSITIVE_INFINITY];
  const counts = edges.map(() => 0);
  for (const value of values) {
    const bin = all.findIndex((_, i) => value >= all[i] && value < all[i + 1]);
    if (bin >= 0) counts[bin]++;
  }
  const [first, last] = [counts.findIndex((n) => n > 0), counts.findLastIndex((n) => n > 0)];
  if (first < 0) return { edges: [], counts: [] };
  return { edges: all.slice(first, last + 2), counts: counts.slice(first, last + 1) };
}

export function datasetStatistics(records: readonly ImageRecord[], classes: readonly string[]): DatasetStatistics {
  const byClass = classes.map(() => ({ images: new Set<number>(), sides: [] as number[], aspects: [] as number[] }));
  const [sides, relative, aspects, perImage]: number[][] = [[], [], [], []];
  const centres = new Float64Array(CELLS * CELLS);
  const sizes = classes.map(() => [0, 0, 0]);
  let ignored = 0;
  for (const [image, { truths, areas, width, height }] of records.entries()) {
    let objects = 0;
    for (const [i, label] of truths.labels.entries()) {
      if (truths.ignored[i]) {
        ignored++;
        continue;
      }
      objects++;
      const [x1, y1, x2, y2] = truths.bboxes.subarray(4 * i, 4 * i + 4);
      const side = Math.sqrt(Math.max(0, (x2 - x1) * (y2 - y1)));
      const aspect = (x2 - x1) / (y2 - y1);
      sides.push(side);
      relative.push(side / Math.sqrt(width * height));
      if (Number.isFinite(aspect)) aspects.push(aspect);
      const cell = (value: number) => Math.min(CELLS - 1, Math.max(0, Math.floor(value * CELLS)));
      centres[cell((y1 + y2) / 2 / height) * CELLS + cell((x1 + x2) / 2 / width)]++;
      byClass[label].images.add(image);
      byClass[label].sides.push(side);
      if (Number.isFinite(aspect)) byClass[label].aspects.push(aspect);
      sizes[label][areas[i] < AREA_RANGES[1][1] ? 0 : areas[i] < AREA_RANGES[2][1] ? 1 : 2]++;
    }
    perImage.push(objects);
  }
  const total = sides.length;
  const imageSides = records.map(({ width, height }) => Math.sqrt(width * height));
  return {
    images: records.length,
    objects: total,
    ignored,
    classes: byClass.map(({ images, sides: own, aspects: shapes }, label) => ({
      name: classes[label],
      images: images.size,
      objects: own.length,
      share: total === 0 ? 0 : own.length / total,
      small: sizes[label][0],
      medium: sizes[label][1],
      large: sizes[label][2],
      side: distribution(own),
      aspect: distribution(shapes),
    })),
    side: distribution(sides),
    relativeSide: distribution(relative),
    aspect: distribution(aspects),
    objectsPerImage: distribution(perImage),
    imageWidth: distribution(records.map(({ width }) => width)),
    imageHeight: distribution(records.map(({ height }) => height)),
    histograms: {
      side: histogram(sides, SIDES),
      aspect: histogram(aspects, ASPECTS),
      objectsPerImage: histogram(perImage, COUNTS),
      imageSide: histogram(imageSides, IMAGE_SIDES),
    },
    positions: { cells: CELLS, shares: Array.from(centres, (n) => (total === 0 ? 0 : n / total)) },
  };
}
