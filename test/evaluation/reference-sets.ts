// Sets of test/golden/generate/metrics.py as datasets and detections, and what of a reference's values DetLab's differ from.

import { Registry } from '../../src/catalogue/registry';
import type { Dataset } from '../../src/data/types';
import {
  type CocoFile,
  type CocoImageDetections,
  detectionsOfCoco,
  type EvaluationReport,
  METRICS,
  type MetricFactory,
  truthsOfCoco,
} from '../../src/evaluation';

type Stats = (number | null)[];

/** Of a reference that failed: its error. */
export interface References {
  coco: { stats: Stats; classes: Stats } | string;
  cocoExplained?: { stats: Stats; classes: Stats } | string;
  faster: Stats | string;
  hotcoco: Stats | string;
  proposal: Stats | string;
  proposalExplained?: Stats | string;
  lvis: Record<string, number | null> | string;
  lvisExplained?: Record<string, number | null> | string;
  hotcocoLvis: Record<string, number | null> | string;
  /** MMDetection's; absent where it was not there. */
  voc?: VocReference | string;
  openimages?: { whole: number; flat: number } | string;
  crowdhuman?: { AP: number | null; MR: number | null; JI: number | null } | string;
}

interface VocReference {
  points: { mean: number; classes: number[][] };
  area: { mean: number; classes: number[][] };
  scales: { mean: number[]; classes: number[][] };
  recall: (number | null)[][];
}

export interface ReferenceSet extends CocoFile {
  kind: string;
  detections: {
    image_id: number;
    category_id: number;
    bbox: (number | null)[];
    score: number | null;
    segmentation?: { size: [number, number]; counts: string };
  }[];
  references: References;
}

const registry = new Registry(METRICS);

export interface EvaluatedSet {
  file: CocoFile;
  dataset: Dataset;
  found: Map<number, CocoImageDetections>;
}

/** Coordinates of records are float32; `truthsOfCoco` has those of the file. */
export function evaluatedSet({ annotations, categories, detections, images }: ReferenceSet): EvaluatedSet {
  const file = { annotations, categories, images };
  const classes = categories.map(({ name }) => name);
  const labels = new Map(categories.map(({ id }, label) => [id, label]));
  const number = (value: number | null) => value ?? Number.NaN;
  const entries = detections.map(({ bbox, score, ...rest }) => ({
    ...rest,
    bbox: bbox.map(number),
    score: number(score),
  }));
  const found = detectionsOfCoco(entries, { labels, images, file: 'set.json' });
  const records = truthsOfCoco(file).map((truths) => {
    const image = images.find(({ id }) => id === truths.imageId)!;
    const list = annotations.filter(({ image_id }) => image_id === truths.imageId);
    const bboxes = Float32Array.from(list.flatMap(({ bbox: [x, y, w, h] }) => [x, y, x + w, y + h]));
    return {
      id: truths.imageId,
      path: `${truths.imageId}.jpg`,
      width: image.width!,
      height: image.height!,
      truths: { bboxes, labels: truths.labels, ignored: truths.ignored },
      areas: Float32Array.from(truths.areas),
      crowds: truths.ignored,
      groups: Uint8Array.from(list, (annotation) => (annotation as unknown as { isgroupof: number }).isgroupof),
      fields: image as unknown as Record<string, unknown>,
      segmentations: list.map(({ segmentation }) => segmentation),
      annotationIds: [],
    };
  });
  const dataset = {
    name: 'set',
    classes,
    categories: categories.map(({ id, supercategory, frequency }, label) => ({ id, label, supercategory, frequency })),
    records,
    problems: [],
  };
  return { file, dataset, found };
}

/** A metric by its config. */
export async function measured({ dataset, found }: EvaluatedSet, config: { type: string }): Promise<EvaluationReport> {
  const metric = await (registry.build('metric', config, { path: 'm' }) as MetricFactory)(dataset);
  for (const { id } of dataset.records) metric.add(id, found.get(id)!);
  return metric.compute();
}

const STATS = ['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl'];

/** The twelve numbers of COCOeval. */
export const statsOf = ({ metrics }: Pick<EvaluationReport, 'metrics'>): number[] => [
  ...STATS.map((name) => metrics[name]),
  ...Object.keys(metrics)
    .filter((name) => name.startsWith('AR@'))
    .map((name) => metrics[name]),
  ...['ARs', 'ARm', 'ARl'].map((name) => metrics[name]),
];

/** Whether two lists of numbers are equal, NaN and null alike. */
export const isSame = (a: readonly (number | null)[], b: readonly (number | null)[], tolerance = 1e-9): boolean =>
  a.length === b.length &&
  a.every((value, i) => {
    const [x, y] = [value ?? Number.NaN, b[i] ?? Number.NaN];
    return (Number.isNaN(x) && Number.isNaN(y)) || Math.abs(x - y) <= tolerance;
  });
