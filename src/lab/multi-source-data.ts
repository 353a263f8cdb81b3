// What a run with a MultiSourceSampler trains on: several data sets, each with a pipeline and filters of its own; of semi-supervised
// detectors images with labels and images without.

import type { ModuleConfig } from '../catalogue/registry';
import { type ConfigObject, isObject } from '../config';
import { buildPipeline, countsOf, type DataProblem, type Dataset, type DatasetPlan, planDataset } from '../data';
import { DetLabError } from '../errors';
import { counted } from '../visualization/ap-table';
import { catalogue } from './catalogue';
import { modulesAt, numberAt, objectAt, valueAt } from './config-access';
import type { DataPlan, TrainingData } from './training-data';

const DATASET = 'train_dataloader.dataset';
const SAMPLER = 'train_dataloader.sampler';

/** Whether batches have images of several data sets in shares. */
export const drawsFromSources = (config: ConfigObject): boolean =>
  /\b(Group)?MultiSourceSampler$/.test(String(valueAt(config, `${SAMPLER}.type`)));

/** Whether the second of two data sets of a config is read without its labels. */
export function learnsWithoutLabels(config: ConfigObject): boolean {
  if (!drawsFromSources(config)) return false;
  const datasets = modulesAt(config, `${DATASET}.datasets`);
  return datasets.length === 2 && emptiesLabels(datasets[1]) && !emptiesLabels(datasets[0]);
}

/** Whether a pipeline anywhere in a dataset's config has LoadEmptyAnnotations. */
function emptiesLabels(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(emptiesLabels);
  if (!isObject(value as ConfigObject)) return false;
  const { type, ...rest } = value as ConfigObject;
  return /\bLoadEmptyAnnotations$/.test(String(type)) || Object.values(rest).some(emptiesLabels);
}

/**
 * @param data its parts are the data sets of the config, in their order
 * @throws DetLabError for other data, and for settings that do not go together
 */
export function multiSourceData(
  data: Dataset,
  config: ConfigObject,
  plan: DataPlan,
  onDropped: (problems: DataProblem[]) => void,
): TrainingData {
  const plans = plansOf(config);
  const parts = partsOf(data, config, plans.length);
  requireNoChanges(config, plan);
  const problems: DataProblem[] = [];
  const used = parts.map(({ records, name }, i) => {
    const kept = plans[i].arrange(records, problems);
    if (kept.length > 0) return kept;
    throw new DetLabError(
      `Cannot train on "${name}": the filters of ${DATASET}.datasets.${i} leave none of its ${counted(records.length, 'image')}`,
    );
  });
  onDropped(problems);
  const starts = Int32Array.from([0, ...used.map(({ length }) => length)]);
  for (let i = 1; i < starts.length; i++) starts[i] += starts[i - 1];
  const { type, shuffle } = objectAt(config, SAMPLER);
  return {
    dataset: { ...data, records: used.flat(), problems: [...problems, ...data.problems] },
    stages: plans.map(({ pipeline, options }, source) => {
      const built = buildPipeline(pipeline, catalogue, `${DATASET}.datasets.${source}.pipeline`, options);
      if (!built.usesOtherImages) return { from: 0, source, pipeline: built };
      throw new DetLabError(
        `Cannot train on ${DATASET}.datasets.${source}: its pipeline mixes several images, which ${type} does not choose. Leave ` +
          'Mosaic, MixUp and their relatives out',
      );
    }),
    order: {
      batchSize: plan.batchSize,
      seed: plan.seed,
      shuffle: shuffle !== false,
      aspectRatioGrouping: false,
      dropLast: false,
      endless: true,
      multiSource: {
        starts,
        counts: batchCounts(config, plan, plans.length),
        isGrouped: String(type).endsWith('GroupMultiSourceSampler'),
      },
    },
  };
}

function plansOf(config: ConfigObject): DatasetPlan[] {
  const datasets = modulesAt(config, `${DATASET}.datasets`);
  if (datasets.length > 0) return datasets.map((one, i) => planDataset(one, `${DATASET}.datasets.${i}`));
  throw new DetLabError(
    `Cannot draw batches by ${SAMPLER}: expected a ConcatDataset of several data sets as ${DATASET}, received ` +
      `"${(objectAt(config, DATASET) as Partial<ModuleConfig>).type ?? 'none'}"`,
  );
}

function partsOf(data: Dataset, config: ConfigObject, count: number): readonly Dataset[] {
  const { parts = [data] } = data;
  if (parts.length === count) return parts;
  if (learnsWithoutLabels(config)) throw withoutUnlabelled(data.name);
  throw new DetLabError(
    `Cannot train on "${data.name}": the batches of ${SAMPLER} are of ${count} data sets, received ${parts.length}. Join as many by ` +
      'data.merge(other), in the order of the config',
  );
}

const withoutUnlabelled = (name: string) =>
  new DetLabError(
    `Cannot train on "${name}": the detector also learns from images without labels, and the data has none. Give it some: ` +
      "recipe.fit(await data.withUnlabelled('more-images/')), or --unlabelled more-images/",
  );

/** @throws DetLabError for data without what the detector learns from */
export function requireUnlabelled(data: { train: Dataset; unlabelled?: Dataset }, config: ConfigObject): void {
  if (learnsWithoutLabels(config) && !data.unlabelled) throw withoutUnlabelled(data.train.name);
}

/** Images of each data set in a batch. @throws DetLabError where one has none */
function batchCounts(config: ConfigObject, { batchSize }: DataPlan, sources: number): number[] {
  const { source_ratio: given, batch_size: own } = objectAt(config, SAMPLER);
  const ofLoader = numberAt(config, 'train_dataloader.batch_size');
  if (ofLoader !== undefined && own !== ofLoader)
    throw new DetLabError(
      `Cannot draw batches by ${SAMPLER}: expected the batch_size of train_dataloader, ${ofLoader}, received ${own}. Set both`,
    );
  const ratio = Array.isArray(given) ? given.map(Number) : [];
  if (ratio.length !== sources)
    throw new DetLabError(
      `Cannot draw batches by ${SAMPLER}: expected a share of each of ${sources} data sets in source_ratio, received [${ratio.join(', ')}]`,
    );
  const counts = countsOf(batchSize, ratio);
  const none = counts.findIndex((count) => count < 1);
  if (none < 0) return counts;
  throw new DetLabError(
    `Cannot draw batches of ${counted(batchSize, 'image')} by ${SAMPLER}: with source_ratio [${ratio.join(', ')}] data set ${none} has none ` +
      `in a batch. Use a batch of at least ${smallestBatch(ratio)}`,
  );
}

/** The smallest batch with an image of each data set. */
function smallestBatch(ratio: readonly number[]): number {
  let batch = ratio.length;
  while (countsOf(batch, ratio).some((count) => count < 1)) batch++;
  return batch;
}

function requireNoChanges(config: ConfigObject, { pipelineChanges }: DataPlan): void {
  const { num_batch_per_epoch: batches } = objectAt(config, 'train_dataloader');
  const what =
    pipelineChanges.length > 0
      ? 'switch the pipeline during a run'
      : batches !== undefined && batches !== null
        ? 'use the images of num_batch_per_epoch batches only'
        : undefined;
  if (what)
    throw new DetLabError(
      `Cannot ${what}: ${SAMPLER} joins several data sets, each with a pipeline of its own. Leave it out of the config`,
    );
}
