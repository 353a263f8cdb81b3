// `report.slices([...])`: the metrics of parts of the images, and of objects by size and classes by group, each by the metric of
// the report.

import { brightnessOf, checkBounds, type ImageSlice, sliceImages } from '../analysis/slices';
import { type Dataset, decodeImage, type ImageRecord } from '../data';
import { DetLabError, didYouMean, nameOfValue } from '../errors';
import {
  CocoBboxMetric,
  CocoSegmMetric,
  type EvaluationReport,
  type EvaluationResults,
  evaluatesMasks,
  type MetricValues,
  truthsOfRecord,
} from '../evaluation';
import { metricText } from '../visualization/ap-table';
import type { MimeBundle } from '../visualization/display';
import { type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tableMarkdown, tablesBundle, tableText } from '../visualization/table';
import { tableFormats } from '../visualization/table-files';
import { catalogue } from './catalogue';
import { metricWithoutFiles } from './metric-without-files';

/** What images are grouped by: `objects` in the image, `crowding`, `brightness`, `width`, `height`, or a field of the file. */
export type SliceOf = string | ((image: ImageRecord) => string | number | undefined);

/**
 * `'size'` of objects, what images are grouped by, with bounds where it is a number, or groups of classes.
 * @example ['size', 'brightness', { by: 'crowding', bounds: [0.1, 0.5] }, { groups: { vehicles: ['car', 'bus'] } }]
 */
export type Slice =
  | SliceOf
  | { by: SliceOf; name?: string; bounds?: readonly number[] }
  | { groups: Readonly<Record<string, readonly string[]>> };

export interface SliceRow {
  name: string;
  images: number;
  /** Objects that are not ignored. */
  truths: number;
  metrics: MetricValues;
}

/** One row per slice; the first is the whole. */
export class ReportSlices extends SavableDisplay {
  protected readonly what = 'slices';

  constructor(
    readonly data: string,
    readonly rows: readonly SliceRow[],
  ) {
    super();
    Object.defineProperty(this, 'what', { enumerable: false });
  }

  /** The metrics of a slice by its name. */
  of(name: string): MetricValues {
    const row = this.rows.find((one) => one.name === name);
    if (row) return row.metrics;
    const names = this.rows.map((one) => one.name);
    throw new DetLabError(`Cannot show the slice "${name}": expected ${names.join(', ')}.${didYouMean(name, names)}`);
  }

  table(): Table {
    const names = [...new Set(this.rows.flatMap(({ metrics }) => Object.keys(metrics)))];
    const right = (title: string) => ({ title, align: 'right' as const });
    return {
      title: `${this.data}: slices`,
      columns: [{ title: 'slice' }, right('images'), right('truths'), ...names.map(right)],
      rows: this.rows.map(({ name, images, truths, metrics }) => [
        name,
        images.toLocaleString('en'),
        truths.toLocaleString('en'),
        ...names.map((metric) => metricText(metrics[metric])),
      ]),
      strong: [0],
      note: 'a slice is evaluated as a data set of its own; of a size, objects and detections of other sizes are left out',
    };
  }

  protected formats(): Formats {
    return tableFormats({ data: this.data, rows: this.rows }, this.table());
  }

  protected bundle(): MimeBundle {
    return { ...tablesBundle(this.table()), 'text/markdown': tableMarkdown(this.table()) };
  }

  toString(): string {
    return tableText(this.table());
  }
}

const NAMED = ['size', 'objects', 'crowding', 'brightness', 'width', 'height'];
const SIZES = [
  { name: 'small', range: 's' },
  { name: 'medium', range: 'm' },
  { name: 'large', range: 'l' },
];

/** The numbers that are sliced. */
export type SlicedReport = Pick<EvaluationReport, 'images' | 'metrics' | 'perClass' | 'truths'> & { data: string };

/** Metrics of a slice that a table has room for. */
const SHOWN = 6;

/** @throws DetLabError for a name that is no field of the images, and for classes that there are not */
export async function reportSlices(
  report: SlicedReport,
  results: EvaluationResults,
  slices: readonly Slice[],
): Promise<ReportSlices> {
  const shown = Object.keys(report.metrics).slice(0, SHOWN);
  const select = (metrics: MetricValues) =>
    Object.fromEntries(shown.filter((k) => k in metrics).map((k) => [k, metrics[k]]));
  const rows: SliceRow[] = [
    { name: 'all', images: report.images, truths: report.truths, metrics: select(report.metrics) },
  ];
  for (const slice of slices) {
    if (slice === 'size') rows.push(...sizeRows(results));
    else if (typeof slice === 'object' && 'groups' in slice) rows.push(...groupRows(report, slice.groups, select));
    else
      for (const { name, images } of await imageSlices(results, slice)) {
        const part = await evaluatePart(results, images);
        rows.push({ name, images: images.length, truths: part.truths, metrics: select(part.metrics) });
      }
  }
  return new ReportSlices(report.data, rows);
}

async function evaluatePart({ dataset, images, metric }: EvaluationResults, positions: readonly number[]) {
  const part = positions.map((i) => images[i]);
  const measured = await catalogue.build('metric', metricWithoutFiles(metric), { path: 'metric' })({
    ...dataset,
    records: part.map(({ record }) => record),
  });
  for (const { imageId, detections } of part) measured.add(imageId, detections);
  return measured.compute();
}

/** COCO's sizes, by the metric of boxes, or of masks where only they were evaluated. */
function sizeRows({ dataset, images, metric }: EvaluationResults): SliceRow[] {
  const truths = images.map(({ record }) => truthsOfRecord(record));
  const kinds = [metric.metric].flat();
  const Metric = evaluatesMasks(metric) && !kinds.includes('bbox') ? CocoSegmMetric : CocoBboxMetric;
  const measured = new Metric(truths, { classes: dataset.classes });
  for (const { imageId, detections } of images) measured.add(imageId, detections);
  const { metrics } = measured.compute();
  const { matches } = measured;
  return SIZES.map(({ name, range }, r) => ({
    name: `size ${name}`,
    images: images.length,
    truths: matches.reduce((sum, { positives }) => sum + positives[r + 1], 0),
    metrics: { AP: metrics[`AP${range}`], AR: metrics[`AR${range}`] },
  }));
}

function groupRows(
  { perClass, images }: SlicedReport,
  groups: Readonly<Record<string, readonly string[]>>,
  select: (metrics: MetricValues) => MetricValues,
): SliceRow[] {
  return Object.entries(groups).map(([name, classes]) => {
    const members = classes.map((label) => {
      classIn(
        name,
        label,
        perClass.map((one) => one.class),
      );
      return perClass.find((one) => one.class === label)!;
    });
    const metrics = Object.fromEntries(
      Object.keys(members[0]?.metrics ?? {}).map((key) => {
        const values = members.map((row) => row.metrics[key]).filter((value) => value > -1);
        return [key, values.length === 0 ? -1 : values.reduce((a, b) => a + b, 0) / values.length];
      }),
    );
    return { name, images, truths: members.reduce((sum, { truths }) => sum + truths, 0), metrics: select(metrics) };
  });
}

/**
 * What can be known of slices before the images are evaluated.
 * @throws DetLabError for a name that is no field of the images, for classes that there are not, and for bounds that do not ascend
 */
export function checkSlices({ classes, records }: Dataset, slices: readonly Slice[]): void {
  for (const slice of slices) {
    if (typeof slice === 'object' && 'groups' in slice) {
      for (const [name, members] of Object.entries(slice.groups))
        for (const label of members) classIn(name, label, classes);
      continue;
    }
    const { by, bounds, label } = partsOf(slice);
    if (typeof by === 'function' || NAMED.includes(by)) checkBounds(label, bounds);
    else sliceImages(label, fieldValues(records, by), bounds);
  }
}

/** @throws DetLabError for a class that there is not */
function classIn(group: string, label: string, classes: readonly string[]): void {
  if (classes.includes(label)) return;
  throw new DetLabError(
    `Cannot slice by the group "${group}": there is no class "${label}".${didYouMean(label, classes)} Classes: ${classes.join(', ')}`,
  );
}

function partsOf(slice: Exclude<Slice, { groups: unknown }>) {
  const { by, bounds, name } =
    typeof slice === 'object' ? { name: undefined, ...slice } : { by: slice, bounds: undefined, name: undefined };
  return { by, bounds, label: name ?? (typeof by === 'string' ? by : by.name || 'slice') };
}

async function imageSlices(
  { images }: EvaluationResults,
  slice: Exclude<Slice, { groups: unknown }>,
): Promise<ImageSlice[]> {
  const { by, bounds, label } = partsOf(slice);
  const records = images.map(({ record }) => record);
  if (typeof by === 'function') return sliceImages(label, records.map(by), bounds);
  if (by === 'brightness') return sliceImages(label, await brightnesses(records), bounds ?? [85, 170]);
  if (by === 'crowding') return sliceImages(label, records.map(crowdingOf), bounds ?? [0.1, 0.5]);
  if (by === 'objects') return sliceImages(label, records.map(objectsOf), bounds ?? [6, 21]);
  if (by === 'width' || by === 'height')
    return sliceImages(
      label,
      records.map((record) => record[by]),
      bounds,
    );
  return sliceImages(label, fieldValues(records, by), bounds);
}

async function brightnesses(records: readonly ImageRecord[]): Promise<number[]> {
  const values: number[] = [];
  for (const { path: file, id } of records) values.push(brightnessOf(await decodeImage(file, id)));
  return values;
}

const objectsOf = ({ truths: { ignored } }: ImageRecord): number => ignored.filter((flag) => flag === 0).length;

/** The mean over its objects of the highest IoU with another one: 0 where none overlap. */
function crowdingOf({ truths: { bboxes, ignored } }: ImageRecord): number {
  const objects = [...ignored.keys()].filter((g) => ignored[g] === 0);
  if (objects.length === 0) return 0;
  const side = (i: number, k: number) => bboxes[4 * i + k];
  const area = (i: number) => (side(i, 2) - side(i, 0)) * (side(i, 3) - side(i, 1));
  const overlap = (i: number, j: number) => {
    const w = Math.min(side(i, 2), side(j, 2)) - Math.max(side(i, 0), side(j, 0));
    const h = Math.min(side(i, 3), side(j, 3)) - Math.max(side(i, 1), side(j, 1));
    if (w <= 0 || h <= 0) return 0;
    return (w * h) / (area(i) + area(j) - w * h);
  };
  const highest = objects.map((i) => Math.max(0, ...objects.filter((j) => j !== i).map((j) => overlap(i, j))));
  return highest.reduce((a, b) => a + b, 0) / objects.length;
}

function fieldValues(records: readonly ImageRecord[], field: string): (string | number | undefined)[] {
  const known = [...new Set(records.flatMap(({ fields }) => Object.keys(fields ?? {})))];
  if (!known.includes(field))
    throw new DetLabError(
      `Cannot slice by ${nameOfValue(field)}: expected ${NAMED.join(', ')}, or a field of the images in the annotation file ` +
        `(${known.join(', ') || 'they have none'}).${didYouMean(field, [...NAMED, ...known])}`,
    );
  return records.map(({ fields }) => {
    const value = fields?.[field];
    if (typeof value === 'number' || typeof value === 'string') return value;
    if (typeof value === 'boolean') return String(value);
    if (value === undefined || value === null) return undefined;
    throw new DetLabError(
      `Cannot slice by "${field}": expected numbers, words, true or false, received ${JSON.stringify(value).slice(0, 80)}. ` +
        'Use a function: { by: (image) => ..., name: ... }',
    );
  });
}
