// The training loop of a run: `train_cfg` of its config; options of `fit` override its length and evaluation interval.

import { withStandardTypes } from '../catalogue/config-schema';
import type { ModuleConfig } from '../catalogue/registry';
import type { ConfigObject } from '../config';
import { DetLabError } from '../errors';
import type { TrainLoop } from '../training/loops/train-loop';
import { catalogue } from './catalogue';
import { objectAt } from './config-access';

const EPOCHS = 'EpochBasedTrainLoop';
const ITERATIONS = 'IterBasedTrainLoop';
/** Default of `max_epochs`. */
const MAX_EPOCHS = 12;

/**
 * @returns the loop, and the number of epochs or iterations that the config specifies
 * @throws DetLabError when `train_cfg` is no training loop, or `epochs` are given for one that counts iterations
 */
export function planLoop(
  config: ConfigObject,
  { epochs, evaluateEvery }: { epochs?: number; evaluateEvery?: number } = {},
): { loop: TrainLoop; configured: number } {
  const { train_cfg: given } = withStandardTypes({ train_cfg: objectAt(config, 'train_cfg') });
  const { type, ...options } = given as ModuleConfig;
  const standard = catalogue.find('loop', type)?.type === EPOCHS ? { max_epochs: MAX_EPOCHS } : {};
  const written: ModuleConfig = { type, ...standard, ...options };
  const loop = buildLoop(written);
  const configured = loop.total;
  if (epochs !== undefined && loop.unit === 'iteration')
    throw new DetLabError(
      `Cannot train for ${epochs} epochs: train_cfg is an ${loop.type}, which counts iterations. ` +
        "Set train_cfg.max_iters, or train_cfg: { type: 'EpochBasedTrainLoop', max_epochs }",
    );
  if (epochs === undefined && evaluateEvery === undefined) return { loop, configured };
  const lengthened = epochs === undefined ? written : withEpochs(written, epochs, configured);
  const evaluated =
    evaluateEvery === undefined
      ? lengthened
      : { ...lengthened, val_begin: 1, val_interval: evaluateEvery, dynamic_intervals: null };
  return { loop: buildLoop(evaluated), configured };
}

function buildLoop(config: ModuleConfig): TrainLoop {
  const loop = catalogue.build('loop', config, { path: 'train_cfg' });
  if (loop.unit !== 'image') return loop;
  throw new DetLabError(`Cannot train: expected ${EPOCHS} or ${ITERATIONS} as train_cfg.type, received ${loop.type}`);
}

/** The loop's config with its epochs scaled from `configured` to `epochs`. */
function withEpochs(config: ModuleConfig, epochs: number, configured: number): ModuleConfig {
  const scaled = (count: number) => Math.floor((count * epochs) / configured);
  const { dynamic_intervals: intervals, val_begin: begin } = config;
  return {
    ...config,
    max_epochs: epochs,
    ...(typeof begin === 'number' && { val_begin: scaled(begin) }),
    ...(Array.isArray(intervals) && {
      dynamic_intervals: intervals.map(([from, every]: [number, number]) => [scaled(from), every]),
    }),
  };
}
