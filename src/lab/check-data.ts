// What can be known of the data before a run: whether there is anything to train and to evaluate on, and what of it will
// not be used.

import type { ModuleConfig } from '../catalogue/registry';
import type { ConfigObject } from '../config';
import { countObjects, type Dataset, loadsAnnotations, type ObjectCounts, problemLines } from '../data';
import { keepsPolygons } from '../data/transforms/load-annotations';
import { DetLabError } from '../errors';
import { cityscapesLabelIds, evaluatesMasks, instanceFiles } from '../evaluation';
import { counted } from '../visualization/ap-table';
import { type ChosenMetric, configuredMetrics } from './chosen-metrics';
import { objectAt, valueAt } from './config-access';
import type { LabDataset } from './lab-dataset';
import { requireUnlabelled } from './multi-source-data';
import { unlabelledLines } from './unlabelled-images';

const TRAIN = 'train_dataloader.dataset';

/**
 * Checks the data of a run.
 *
 * @returns lines for the log: problems and guesses of the data, objects without outlines, images without objects
 * @throws DetLabError when there is nothing to train or to evaluate on
 */
export function checkData(data: LabDataset, config: ConfigObject): string[] {
  const { train, val } = data;
  requireUnlabelled(data, config);
  const lines = new Set([...linesOf(train), ...data.notices, ...unlabelledLines(data, config)]);
  const counts = countObjects(train);
  requireObjects(train, counts, 'train');
  const untaught = train.classes.filter((_, label) => counts.byClass[label] === 0);
  if (untaught.length > 0)
    lines.add(`"${train.name}" has no objects of ${untaught.map((name) => `"${name}"`).join(', ')}: not learned`);
  const masks = loadedMasks(config);
  const outlined = masks === 'polygons' ? countObjects(train, { polygons: true }) : counts; // as LoadAnnotations with poly2mask: false reads them
  if (masks) for (const line of outlineLines(train, outlined, 'train')) lines.add(line);
  if (counts.emptyImages > 0 && !filtersEmptyImages(objectAt(config, TRAIN)))
    lines.add(
      `${counted(counts.emptyImages, 'image')} of ${counts.images.toLocaleString('en')} without objects: used as background`,
    );
  if (val) {
    for (const line of linesOf(val)) lines.add(line);
    for (const line of checkEvaluated(val, configuredMetrics(config, 'val_evaluator'))) lines.add(line);
  }
  return [...lines];
}

/**
 * Checks the data of an evaluation.
 * @throws DetLabError when every object is ignored, or masks are evaluated and there are none
 */
export function checkEvaluated(data: Dataset, chosen: readonly ChosenMetric[]): string[] {
  const counts = countObjects(data);
  if (counts.crowds + counts.ignored > 0) requireObjects(data, counts, 'evaluate');
  let masks = false;
  for (const { config } of chosen) {
    const { type, seg_prefix: segPrefix, format_only: isWritten } = config;
    if (type.replace(/^mmdet\./, '') !== 'CityScapesMetric') {
      masks ||= evaluatesMasks(config);
      continue;
    }
    cityscapesLabelIds(data.classes);
    if (!isWritten) instanceFiles(data, typeof segPrefix === 'string' ? segPrefix : null);
  }
  return [
    ...(counts.objects === 0 ? [`"${data.name}" has no objects: AP is undefined (-1)`] : []),
    ...(masks ? outlineLines(data, counts, 'evaluate') : []),
  ];
}

const linesOf = ({ problems, notices = [] }: Dataset): string[] => [
  ...problemLines(problems).map((line) => `bad data: ${line}`),
  ...notices,
];

function requireObjects({ name, problems }: Dataset, counts: ObjectCounts, what: 'train' | 'evaluate'): void {
  if (counts.objects > 0) return;
  const ignored = counts.crowds + counts.ignored;
  const causes = problems.filter(({ kind }) => kind !== 'no-objects');
  const [problem] = problemLines(causes);
  throw new DetLabError(
    `Cannot ${what} on "${name}": ` +
      (ignored > 0
        ? `${ignored === 1 ? 'its only object is' : `all of its ${ignored.toLocaleString('en')} objects are`} ignored ` +
          `(${counted(counts.crowds, 'crowd')}). Some tools write ` +
          'iscrowd: 1 for every mask of run lengths: set it to 0 for single objects'
        : `its ${counted(counts.images, 'image')} have no objects`) +
      (problem ? `. ${counted(causes.length, 'problem')}, such as: ${problem}` : ''),
  );
}

/** What is said of objects without outlines where masks are needed. */
function outlineLines(data: Dataset, counts: ObjectCounts, what: 'train' | 'evaluate'): string[] {
  const { objects, withoutOutline, firstWithoutOutline: first } = counts;
  if (withoutOutline === 0) return [];
  const bad = problemLines(data.problems.filter(({ kind }) => kind === 'bad-outline'));
  if (withoutOutline === objects)
    throw new DetLabError(
      `Cannot ${what} masks of "${data.name}": none of its ${counted(objects, 'object')} has a usable outline${runLengths(counts, data)}` +
        `${bad.length > 0 ? `. ${bad[0]}` : ''}. Use a detector without masks, or annotations with segmentation`,
    );
  return [
    `"${data.name}": ${withoutOutline.toLocaleString('en')} of ${counted(objects, 'object')} have no outline${runLengths(counts, data)}, such as ` +
      `annotation ${first?.record.annotationIds[first.index]} of "${first?.record.path}": ${what === 'train' ? 'ignored in training, neither target nor background' : 'ignored in the evaluation of masks'}`,
  ];
}

/** A hint where outlines are there, but not as polygons. */
const runLengths = (counts: ObjectCounts, data: Dataset): string =>
  counts.withoutOutline > countObjects(data).withoutOutline
    ? ' as polygons, those of run lengths are not read with poly2mask: false'
    : '';

/** As what a pipeline of the training data, at any depth, loads masks; undefined: not at all. */
function loadedMasks(config: ConfigObject): 'bitmaps' | 'polygons' | undefined {
  const find = (value: unknown): 'bitmaps' | 'polygons' | undefined => {
    if (typeof value !== 'object' || value === null) return undefined;
    const { type, with_mask, ...options } = value as Record<string, unknown>;
    if (loadsAnnotations(String(type)) && (with_mask ?? /Panoptic/.test(String(type))) === true)
      return keepsPolygons(options) ? 'polygons' : 'bitmaps';
    for (const inner of Object.values(value)) {
      const found = find(inner);
      if (found) return found;
    }
    return undefined;
  };
  return find(valueAt(config, TRAIN));
}

/** Whether the innermost datasets drop images without ground truth. */
function filtersEmptyImages(dataset: ConfigObject): boolean {
  const inner = [dataset.dataset, dataset.datasets]
    .flat()
    .filter((value) => typeof value === 'object' && value !== null);
  if (inner.length > 0) return (inner as ModuleConfig[]).every((part) => filtersEmptyImages(part as ConfigObject));
  const filter = dataset.filter_cfg as { filter_empty_gt?: unknown } | null | undefined;
  return dataset.test_mode !== true && filter?.filter_empty_gt === true;
}
