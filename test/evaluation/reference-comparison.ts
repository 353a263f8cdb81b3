// DetLab's evaluation of a reference set beside each reference's. A disagreement has a reason that another run of the reference
// shows (with ids from 1, without detections whose score is NaN), or none.

import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CocoBboxMetric, CocoSegmMetric, truthsOfCoco } from '../../src/evaluation';
import { type EvaluatedSet, evaluatedSet, isSame, measured, type ReferenceSet, statsOf } from './reference-sets';

export interface Comparison {
  reference: string;
  kind: string;
  /** `equal`, why not, or `different`. */
  result: string;
  ours: readonly (number | null)[];
  theirs: readonly (number | null)[] | string;
}

const LVIS_NAMES = [
  'AP',
  'AP50',
  'AP75',
  'APs',
  'APm',
  'APl',
  'APr',
  'APc',
  'APf',
  'AR@300',
  'ARs@300',
  'ARm@300',
  'ARl@300',
];
/** Values of references are written with nine digits. */
const TOLERANCE = 2e-9;
/** Those of MMDetection's eval_map are float32. */
const SINGLE = 1e-6;

export async function compareWithReferences(set: ReferenceSet): Promise<Comparison[]> {
  const evaluated = evaluatedSet(set);
  const { references, kind } = set;
  const found: Comparison[] = [];
  const add = (reference: string, ours: Comparison['ours'], theirs: unknown, result: string) =>
    found.push({ reference, kind, ours, result, theirs: theirs as Comparison['theirs'] });
  const coco = cocoOf(evaluated, kind === 'masks' ? 'segm' : 'bbox');
  const { coco: reference, cocoExplained } = references;
  const explained = typeof cocoExplained === 'object' ? cocoExplained.stats : undefined;
  const explains = explained !== undefined && isSame(coco.stats, explained, TOLERANCE);
  add('pycocotools', coco.stats, stats(reference), resultOf(coco.stats, stats(reference), kind, explains));
  add('faster-coco-eval', coco.stats, references.faster, resultOf(coco.stats, references.faster, kind, explains));
  add('hotcoco', coco.stats, references.hotcoco, resultOf(coco.stats, references.hotcoco, kind, explains));
  if (typeof reference === 'object') {
    const classes = typeof cocoExplained === 'object' ? cocoExplained.classes : reference.classes;
    add(
      'pycocotools, by class, of the set as DetLab reads it',
      coco.classes,
      classes,
      resultOf(coco.classes, classes, kind, false),
    );
  }
  const proposal = cocoOf(evaluated, 'bbox', true).stats;
  const { proposalExplained = references.proposal } = references;
  const agnostic = typeof proposalExplained === 'object' && isSame(proposal, proposalExplained, TOLERANCE);
  add('pycocotools, useCats 0', proposal, references.proposal, resultOf(proposal, references.proposal, kind, agnostic));
  found.push(...(await lvisComparisons(evaluated, set)), ...(await mmdetComparisons(evaluated, set)));
  return found;
}

const stats = (reference: ReferenceSet['references']['coco']) =>
  typeof reference === 'string' ? reference : reference.stats;

function cocoOf({ file, found, dataset: { classes } }: EvaluatedSet, kind: 'bbox' | 'segm', classAgnostic = false) {
  const truths = truthsOfCoco(file);
  const options = { classes, classAgnostic, ...(classAgnostic && { maxDets: [10, 20, 100] }) };
  const metric = kind === 'segm' ? new CocoSegmMetric(truths, options) : new CocoBboxMetric(truths, options);
  for (const { imageId } of truths) metric.add(imageId, found.get(imageId)!);
  const report = metric.compute();
  return { stats: statsOf(report), classes: report.perClass.map(({ metrics }) => metrics.AP) };
}

/** Why DetLab reads a set in another way than the reference. */
const REASONS: Record<string, string> = {
  'nan scores': 'a detection without a score has no place in the order',
  'nan boxes': 'a box with a NaN meets nothing',
  'id 0': 'an object with the id 0 is found as any other',
};

function resultOf(ours: readonly number[], theirs: unknown, kind: string, explains: boolean): string {
  if (typeof theirs === 'string')
    return `fails: ${theirs
      .replace(/[\d,.].*$/, '')
      .slice(0, 60)
      .trim()}`;
  if (isSame(ours, theirs as number[], TOLERANCE)) return 'equal';
  return explains
    ? (REASONS[kind] ?? 'detections are kept by their corners: (x + w) - x may differ from w')
    : 'different';
}

/** Where hotcoco's LVIS differs from lvis-api. */
const HOTCOCO_LVIS: Record<string, string> = {
  crowds: 'hotcoco has crowds in LVIS, lvis-api and DetLab have not',
  'nan boxes': 'a box with a NaN meets nothing, and has no area',
  degenerate: 'hotcoco evaluates what has no area, lvis-api and DetLab leave it out',
};

function lvisResult(reference: string, ours: number[], theirs: unknown, kind: string, explains: boolean): string {
  const result = resultOf(ours, theirs, kind, explains);
  return reference.startsWith('hotcoco') && result === 'different' ? (HOTCOCO_LVIS[kind] ?? result) : result;
}

async function lvisComparisons(evaluated: EvaluatedSet, { kind, references }: ReferenceSet): Promise<Comparison[]> {
  const name = kind === 'masks' ? 'segm' : 'bbox';
  const file = path.join(tmpdir(), `detlab-lvis-${process.pid}.json`);
  writeFileSync(file, JSON.stringify(evaluated.file));
  const report = await measured(evaluated, { type: 'LVISMetric', metric: name, ann_file: file } as { type: string });
  rmSync(file);
  const prefix = name === 'segm' ? 'segm_' : '';
  const ours = LVIS_NAMES.map((item) => report.metrics[prefix + item]);
  const of = (given: typeof references.lvis | undefined) =>
    typeof given === 'object' ? LVIS_NAMES.map((item) => given[item] ?? null) : given;
  const explained = of(references.lvisExplained);
  // without its detections that are NaN, a set may have none, which lvis-api cannot read
  const isEmpty = typeof explained === 'string' && ours.every((value) => value === 0 || value === -1);
  const explains = isEmpty || (typeof explained === 'object' && isSame(ours, explained, TOLERANCE));
  return [
    { name: 'lvis-api', theirs: of(references.lvis) },
    { name: 'hotcoco, LVIS', theirs: of(references.hotcocoLvis) },
  ].map(({ name: reference, theirs }) => ({
    reference,
    kind,
    ours,
    theirs: theirs as Comparison['theirs'],
    result: lvisResult(reference, ours, theirs, kind, explains),
  }));
}

/** NumPy 2 compares a float32 with a threshold as float32, NumPy 1 as double; arrays the other way round. */
const AT_THRESHOLD = 1e-7;
const NUMPY = 'an IoU that is the threshold as float32, which NumPy 1 and 2 compare differently';

async function mmdetComparisons(evaluated: EvaluatedSet, { kind, references }: ReferenceSet): Promise<Comparison[]> {
  const found: Comparison[] = [];
  const add = (reference: string, ours: readonly number[], theirs: readonly (number | null)[] | string) => {
    const isEqual = typeof theirs !== 'string' && isSame(ours, theirs, SINGLE);
    const result = typeof theirs === 'string' ? `fails: ${theirs.slice(0, 60)}` : isEqual ? 'equal' : 'different';
    found.push({ reference, kind, ours, theirs, result });
    return found[found.length - 1];
  };
  /** @param values for a shift of the thresholds of 0.7 */
  const addNear = async (
    reference: string,
    values: (shift: number) => Promise<number[]>,
    shift: number,
    theirs: readonly (number | null)[] | string,
  ) => {
    const added = add(reference, await values(0), theirs);
    if (added.result === 'different' && isSame(await values(shift), theirs as number[], SINGLE)) added.result = NUMPY;
  };
  const run = (config: object) => measured(evaluated, config as { type: string });
  const { voc, openimages, crowdhuman } = references;
  if (voc === undefined || openimages === undefined || crowdhuman === undefined) return []; // made without mmdet
  const classAps = async (options: object) => {
    const { metrics, perClass } = await run({ type: 'VOCMetric', ...options });
    const names = Object.keys(metrics).filter((name) => name !== 'mAP');
    return [
      ...names.map((name) => metrics[name]),
      ...perClass.flatMap((row) => names.map((name) => row.metrics[name])),
    ];
  };
  const vocOf = (part: 'points' | 'area' | 'scales') =>
    typeof voc === 'string' ? voc : [voc[part].mean, ...voc[part].classes].flat();
  const defined = (value: number) => (value === -1 ? Number.NaN : value);
  add('eval_map, 11 points', await classAps({ eval_mode: '11points' }), vocOf('points'));
  const area = (shift: number) => classAps({ eval_mode: 'area', iou_thrs: 0.7 + shift });
  await addNear('eval_map, area', area, AT_THRESHOLD, vocOf('area'));
  const scales = {
    eval_mode: 'area',
    scale_ranges: [
      [0, 32],
      [32, 96],
    ],
  };
  add('eval_map, scales', await classAps(scales), vocOf('scales'));
  const recalls = async (shift: number) => {
    const iou_thrs = [0.5, 0.7 + shift];
    const { metrics } = await run({ type: 'VOCMetric', metric: 'recall', proposal_nums: [2, 10], iou_thrs });
    return [2, 10].flatMap((n) => iou_thrs.map((t) => defined(metrics[`recall@${n}@${t}`])));
  };
  await addNear('eval_recalls', recalls, -AT_THRESHOLD, typeof voc === 'string' ? voc : voc.recall.flat());
  const whole = await run({ type: 'OpenImagesMetric' });
  const options = { get_supercategory: false, filter_labels: false, iou_thrs: [0.4] };
  const openImages = async (shift: number) => {
    const flat = await run({ type: 'OpenImagesMetric', ...options, ioa_thrs: [0.7 + shift] });
    return [whole.metrics.mAP, flat.metrics.mAP];
  };
  const expected = typeof openimages === 'string' ? openimages : [openimages.whole, openimages.flat];
  await addNear('OpenImagesMetric', openImages, AT_THRESHOLD, expected);
  const crowd = await run({ type: 'CrowdHumanMetric' });
  if (typeof crowdhuman === 'string') add('CrowdHumanMetric', [], crowdhuman);
  else {
    add('CrowdHumanMetric, AP and MR', [crowd.metrics.mAP, crowd.metrics.mMR].map(defined), [
      crowdhuman.AP,
      crowdhuman.MR,
    ]);
    const jaccard = defined(crowd.metrics.JI);
    add('CrowdHumanMetric, JI', [jaccard], [crowdhuman.JI]);
    // which of several largest matchings it is decides who is left over in the ignored regions
    const last = found[found.length - 1];
    if (last.result === 'different' && kind === 'crowds') last.result = 'another one of several largest matchings';
  }
  return found;
}
