// The loader of the training images: a config's dataset wrappers, filters and pipelines applied to a dataset.

import { availableParallelism, totalmem } from 'node:os';
import type { ModuleConfig } from '../catalogue/registry';
import type { ConfigObject } from '../config';
import {
  batchesOf,
  buildPipeline,
  createLoader,
  type DataProblem,
  type Dataset,
  type DatasetPlan,
  type ImageRecord,
  imagesByClass,
  type Loader,
  type PipelineStage,
  planDataset,
  type Shard,
} from '../data';
import { DetLabError } from '../errors';
import type { PipelineChange } from '../training/hooks/hook';
import { catalogue } from './catalogue';
import { numberAt, objectAt, valueAt } from './config-access';
import { loaderWorkers } from './loader-workers';
import { drawsFromSources, multiSourceData } from './multi-source-data';
import { sampleSizes } from './sample-sizes';
import type { DataPlan, TrainingData } from './training-data';
import { tripletSampling } from './triplet-sampling';

const PATH = 'train_dataloader.dataset';

interface TrainLoaderOptions {
  workers?: number;
  imageCacheMB?: number;
  /** The part of this process, of a run of several. */
  shard?: Shard;
  /** Called once per image with a problem. */
  onProblem(problem: DataProblem): void;
  /** Called with the images that the config's filters drop. */
  onDropped(problems: DataProblem[]): void;
}

/** The images and pipelines of a run; nothing is loaded. */
export function trainingData(
  data: Dataset,
  config: ConfigObject,
  plan: DataPlan,
  onDropped: (problems: DataProblem[]) => void = () => {},
): TrainingData {
  if (drawsFromSources(config)) return multiSourceData(data, config, plan, onDropped);
  const dataset = planDataset(objectAt(config, PATH) as ModuleConfig, PATH);
  const problems: DataProblem[] = [];
  const records = dataset.arrange(data.records, problems);
  onDropped(problems);
  const first: PipelineStage = { from: 0, pipeline: pipelineOf(dataset, 'train_pipeline') };
  const later = plan.pipelineChanges.map((change) => stageOf(change, config, dataset));
  const batches = numberAt(config, 'train_dataloader.num_batch_per_epoch');
  const used = batches === undefined ? records : records.slice(0, batches * plan.batchSize);
  const sampler = objectAt(config, 'train_dataloader.sampler');
  const triplets = tripletSampling(objectAt(config, PATH), used);
  return {
    dataset: { ...data, records: used, problems: [...problems, ...data.problems] },
    stages: [first, ...later].sort((a, b) => a.from - b.from),
    order: {
      batchSize: plan.batchSize,
      seed: plan.seed,
      shuffle: valueAt(config, 'train_dataloader.sampler.shuffle') !== false,
      aspectRatioGrouping: /\b(Track)?AspectRatioBatchSampler$/.test(
        String(valueAt(config, 'train_dataloader.batch_sampler.type')),
      ),
      dropLast: ['drop_last', 'batch_sampler.drop_last'].some(
        (key) => valueAt(config, `train_dataloader.${key}`) === true,
      ),
      ...(triplets && { triplets }),
      endless: plan.loop.unit === 'iteration' && /\bInfiniteSampler$/.test(String(sampler?.type)),
      ...(/\bCustomSampleSizeSampler$/.test(String(sampler?.type)) && {
        sampleSizes: sampleSizes(sampler, data, used),
      }),
      ...(/\b(Default|Infinite)Sampler$/.test(String(sampler?.type)) && { videos: videoStarts(used) }),
      ...(/\bClassAwareSampler$/.test(String(sampler?.type)) && {
        classAware: {
          perClass: Number(sampler?.num_sample_class ?? 1),
          images: imagesByClass(used, data.classes.length),
        },
      }),
    },
  };
}

/** Where the videos begin among the frames, and the end of the last; undefined where images are no frames. */
function videoStarts(records: readonly ImageRecord[]): Int32Array | undefined {
  if (!records[0]?.frame) return undefined;
  const begins = (i: number) => {
    const [own, before] = [records[i].frame, records[i - 1]?.frame];
    return own?.video !== before?.video || own!.number <= before!.number;
  };
  return Int32Array.from([...records.keys()].filter(begins).concat(records.length));
}

/** Iterations of an epoch. */
export const batchesPerEpoch = ({ dataset, order }: TrainingData): number => batchesOf(dataset.records.length, order);

export function trainLoader(
  data: Dataset,
  config: ConfigObject,
  plan: DataPlan,
  { workers, imageCacheMB = 0, shard, onProblem, onDropped }: TrainLoaderOptions,
): Loader {
  const cores = Math.floor(availableParallelism() / (shard?.size ?? 1));
  const imageCache = imageCacheMB * 2 ** 20;
  if (imageCache * (shard?.size ?? 1) > totalmem())
    throw new DetLabError(
      `Cannot keep ${imageCacheMB} MB of decoded images${shard ? ` in each of ${shard.size} processes` : ''}: expected ` +
        `imageCacheMB below the memory of this machine, ${Math.floor(totalmem() / 2 ** 20)} MB`,
    );
  const { dataset, stages, order } = trainingData(data, config, plan, onDropped);
  return createLoader(dataset, stages, {
    ...order,
    shard,
    workers: workers ?? loaderWorkers(config, 'train_dataloader'),
    ...(workers === undefined && { mostWorkers: cores - 1 }),
    imageCache,
    onProblem,
  });
}

const pipelineOf = ({ pipeline, options }: Pick<DatasetPlan, 'pipeline' | 'options'>, path: string) =>
  buildPipeline(pipeline, catalogue, path, options);

function stageOf(change: PipelineChange, config: ConfigObject, dataset: DatasetPlan): PipelineStage {
  const { from } = change;
  if (change.kind === 'skip') {
    const remaining = planDataset(objectAt(config, PATH) as ModuleConfig, PATH, change.types);
    return { from, pipeline: pipelineOf(remaining, 'train_pipeline') };
  }
  if (dataset.options.inner)
    throw new DetLabError(
      'Cannot switch the pipeline of a MultiImageMixDataset: its inner dataset loads the images. ' +
        'Use YOLOXModeSwitchHook instead of PipelineSwitchHook',
    );
  return { from, pipeline: pipelineOf({ pipeline: change.pipeline, options: {} }, 'switch_pipeline') };
}
