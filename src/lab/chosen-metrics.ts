// The metrics of an evaluation: those of a config's evaluator, one or a list of them, or those that are chosen in words.

import type { ModuleConfig } from '../catalogue/registry';
import type { ConfigObject } from '../config';
import type { Dataset } from '../data';
import { DetLabError, didYouMean, nameOfValue } from '../errors';
import { type BoxMetric, CombinedMetric, evaluatesMasks } from '../evaluation';
import { catalogue } from './catalogue';
import { modulesAt } from './config-access';
import { metricWithoutFiles } from './metric-without-files';

/** A kind of COCO's metrics, a benchmark, a type name, a metric's config, or several of them. */
export type MetricChoice = string | ModuleConfig | readonly (string | ModuleConfig)[];

export interface ChosenMetric {
  config: ModuleConfig;
  /** In messages: `val_evaluator.1`. */
  path: string;
}

const COCO_KINDS = ['bbox', 'segm', 'proposal', 'proposal_fast'];

/** Benchmarks in a word. */
const BENCHMARKS: Record<string, string> = {
  coco: 'CocoMetric',
  voc: 'VOCMetric',
  lvis: 'LVISMetric',
  openimages: 'OpenImagesMetric',
  crowdhuman: 'CrowdHumanMetric',
  keypoints: 'mmpose.CocoMetric',
  dota: 'DOTAMetric',
  boundary: 'BoundaryMetric',
  cityscapes: 'CityScapesMetric',
  panoptic: 'CocoPanopticMetric',
  semantic: 'SemSegMetric',
  mot: 'MOTChallengeMetric',
  reid: 'ReIDMetrics',
  youtube_vis: 'YouTubeVISMetric',
};

/** What names of a metric begin with in the log, unless it has a prefix. */
const PREFIXES: Record<string, string> = {
  CocoMetric: 'coco',
  VOCMetric: 'pascal_voc',
  LVISMetric: 'lvis',
  LVISFixedAPMetric: 'lvis_fixed_ap',
  OpenImagesMetric: 'openimages',
  CrowdHumanMetric: 'crowd_human',
  DOTAMetric: 'dota',
  WIDERFaceMetric: 'wider_face',
  BoundaryMetric: 'boundary',
  CityScapesMetric: 'cityscapes',
  CocoPanopticMetric: 'coco_panoptic',
  MOTChallengeMetric: 'motchallenge-metric',
  ReIDMetrics: 'reid-metric',
  YouTubeVISMetric: 'youtube_vis',
  CocoVideoMetric: 'coco',
};

/** Types that measure nothing. */
const WRITERS = ['DumpDetResults'];

/**
 * The metrics of a config's evaluator that there are. The ground truth is that of the data, not of an annotation file, nor are
 * panoptic maps those beside it (findRelatedSettings names those that differ).
 */
export function configuredMetrics(config: ConfigObject, path: string): ChosenMetric[] {
  const list = modulesAt(config, path);
  const isList = Array.isArray(config[path]);
  const given: ModuleConfig[] = list.length === 0 ? [{ type: 'CocoMetric' }] : list;
  const metrics = given.map(({ ann_file: _, type = 'CocoMetric', ...options }, i): ChosenMetric => {
    if (/\bCocoPanopticMetric$/.test(String(type))) delete options.seg_prefix;
    return { config: { type: String(type), ...options }, path: isList ? `${path}.${i}` : path };
  });
  return metrics.filter(({ config: { type } }, i) => i === 0 || catalogue.find('metric', type) !== undefined);
}

/**
 * @throws DetLabError for a word that is none, with the nearest
 * @example chosenMetrics(['bbox', 'segm', 'voc'])
 */
export function chosenMetrics(choice: MetricChoice): ChosenMetric[] {
  const given = Array.isArray(choice) ? choice : [choice];
  const kinds = given.filter((one) => COCO_KINDS.includes(one));
  const coco = kinds.length > 0 ? [{ type: 'CocoMetric', metric: kinds }] : [];
  const others = given.filter((one) => !kinds.includes(one)).map(metricOfWord);
  return [...coco, ...others].map((config) => ({ config, path: 'metric' }));
}

/** What a metric can be called. */
export const metricWords = (): string[] => [...COCO_KINDS, ...Object.keys(BENCHMARKS), ...catalogue.types('metric')];

function metricOfWord(word: unknown): ModuleConfig {
  if (typeof word === 'object' && word !== null && 'type' in word) return word as ModuleConfig;
  const type = BENCHMARKS[String(word)] ?? String(word);
  if (typeof word === 'string' && catalogue.find('metric', type)) return { type };
  const known = metricWords();
  throw new DetLabError(
    `Cannot evaluate ${nameOfValue(word)}: expected ${known.join(', ')}, or a metric's config, { type: 'VOCMetric', ... }.` +
      didYouMean(String(word), known),
  );
}

/**
 * The same metrics, of which none writes a file.
 * @throws DetLabError where nothing else is left of them
 */
export function metricsWithoutFiles(chosen: readonly ChosenMetric[]): ChosenMetric[] {
  const measuring = chosen.filter(({ config: { type, format_only } }) => !WRITERS.includes(type) && !format_only);
  if (measuring.length > 0) return measuring.map(({ config, path }) => ({ config: metricWithoutFiles(config), path }));
  throw new DetLabError(
    `Cannot evaluate corrupted images by ${nameOfValue(chosen[0].config)}: it writes detections and measures nothing. ` +
      "Choose a metric: { metric: 'bbox' }",
  );
}

/** The metric that a report is about: the first that measures something. */
export function measuredOf(chosen: readonly ChosenMetric[]): ModuleConfig {
  return (chosen.find(({ config }) => !WRITERS.includes(config.type)) ?? chosen[0]).config;
}

/** Whether the masks of detections are needed after the evaluation. */
export const evaluateMasks = (chosen: readonly ChosenMetric[]): boolean =>
  chosen.some(({ config }) => evaluatesMasks(config));

/** All of them as one; the names of the metrics after the first begin with their prefix: `pascal_voc/AP50`. */
export async function buildMetrics(chosen: readonly ChosenMetric[], data: Dataset): Promise<BoxMetric> {
  const measured = measuredOf(chosen);
  const parts = await Promise.all(
    chosen.map(async ({ config, path }) => {
      const metric = await catalogue.build('metric', config, { path })(data);
      const prefix = config.prefix ?? PREFIXES[config.type.replace(/^\w+\./, '')] ?? config.type;
      return { prefix: config === measured ? '' : `${prefix}/`, metric };
    }),
  );
  return parts.length === 1 ? parts[0].metric : new CombinedMetric(parts);
}
