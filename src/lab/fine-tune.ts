// `recipe.fineTune(data)`, `model.fineTune(data)`: one run in stages. First the heads train alone, then the neck, then the backbone from
// its top, each at a rate of its own: freezing rules and factors on the learning rate, by epoch.

import { DetLabError } from '../errors';
import type { Detector } from '../models/types';
import { type FreezeRule, stagePaths } from '../training/freezing';
import { buildModel, type RecipeSpec, resolveClasses } from './build-model';
import { numberAt } from './config-access';
import type { FitOptions, PreparedOptions } from './fit-options';
import type { LabDataset } from './lab-dataset';
import { planLoop } from './plan-loop';

/** One stage: what begins to train, for how long and how fast. */
export interface FineTuneStage {
  /** `heads` (all but backbone and neck), `neck`, `backbone`, or paths of the model; what trained before goes on. */
  train: 'heads' | 'neck' | 'backbone' | (string & {}) | readonly string[];
  /** With `train: 'backbone'`: only so many of its last stages. */
  top?: number;
  /** Epochs until the next stage; equal shares of `epochs` where no stage has any. */
  epochs?: number;
  /** Learning rate of the stage. */
  lr?: number;
}

/** Options of `fineTune`: those of `fit`, and the stages. */
export interface FineTuneOptions extends FitOptions {
  /**
   * The stages, in order. Default: heads and neck at the learning rate, the last stage of the backbone at a third of it, the rest of
   * the backbone at a tenth.
   */
  stages?: readonly FineTuneStage[];
}

/** What a run in stages is, beside its options. */
export interface FineTunePlan {
  freezing: FreezeRule[];
  options: Pick<PreparedOptions, 'epochs' | 'lr' | 'stageRates'>;
  /** One line for the log. */
  line: string;
}

const STANDARD = [
  { train: 'heads', factor: 1 },
  { train: 'neck', factor: 1 },
  { train: 'backbone', top: 1, factor: 1 / 3 },
  { train: 'backbone', factor: 0.1 },
] as const;

/** @throws DetLabError for parts that the model does not have, and stages that do not fit into the epochs */
export async function planFineTune(
  spec: RecipeSpec,
  data: LabDataset,
  { stages: given, epochs, lr }: Pick<FineTuneOptions, 'stages' | 'epochs' | 'lr'>,
): Promise<FineTunePlan> {
  const { config } = spec;
  const base = lr ?? numberAt(config, 'optim_wrapper.optimizer.lr');
  if (base === undefined) throw new DetLabError('Cannot fine-tune: the config has no learning rate. Pass lr');
  const parts = await partsOf(spec, data);
  const stages: readonly FineTuneStage[] =
    given ??
    STANDARD.filter(({ train }) => train !== 'neck' || parts.neck.length > 0).map(({ factor, ...stage }) => ({
      ...stage,
      lr: base * factor,
    }));
  const loop = planLoop(config, { epochs }).loop;
  if (loop.unit !== 'epoch')
    throw new DetLabError(`Cannot fine-tune in stages: ${loop.type} counts iterations. Use EpochBasedTrainLoop`);
  const lengths = lengthsOf(stages, epochs, loop.total);
  const rates = stages.map((stage) => stage.lr ?? base);
  const highest = Math.max(...rates);
  const begins = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, n) => sum + n, 0));
  const paths = stages.map((stage) => pathsOf(stage, parts));
  const trains = (i: number): FreezeRule[] =>
    paths[i].map((path) => ({ path, frozen: false, restore: true, epoch: begins[i] + 1 }));
  return {
    freezing: [
      ...parts.all.map((path) => ({ path, frozen: true, restore: true })),
      ...stages.flatMap((_, i) => trains(i)),
    ],
    options: {
      epochs: lengths.reduce((sum, n) => sum + n, 0),
      lr: highest,
      stageRates: begins.map((from, i) => ({ from, factor: rates[i] / highest })),
    },
    line: `fine-tuning in ${stages.length} stages: ${stages.map((stage, i) => stageText(stage, begins[i], lengths[i], rates[i])).join('; ')}`,
  };
}

function stageText({ train, top }: FineTuneStage, from: number, length: number, rate: number): string {
  const epochs = length === 1 ? `epoch ${from + 1}` : `epochs ${from + 1} to ${from + length}`;
  const what = `${[train].flat().join(', ')}${top === undefined ? '' : ` (the last ${top === 1 ? 'stage' : `${top} stages`})`}`;
  return `${epochs} ${from > 0 ? 'also ' : ''}${what} at ${Number(rate.toPrecision(3))}`;
}

/** What the words mean in a model. */
interface Parts {
  /** All parts at the top. */
  all: string[];
  heads: string[];
  neck: string[];
  backbone: string[];
  /** Of the backbone, from its input on. */
  stages: string[][] | undefined;
}

async function partsOf(spec: RecipeSpec, data: LabDataset): Promise<Parts> {
  const options = { withoutEngine: true };
  const detector = await buildModel(spec, resolveClasses(spec, data), undefined, undefined, options);
  try {
    const backbone = trainedBackbone(detector);
    const inside = backbone.slice(0, -'backbone'.length);
    // of a model around a detector the detector's parts are those that the words mean; what else it has is the model's own
    const names = [...detector.named()]
      .filter(([, { requiresGrad }]) => requiresGrad || inside === '')
      .map(([name]) => name.slice(0, `${name}.`.indexOf('.', name.startsWith(inside) ? inside.length : 0)));
    const all = [...new Set(names)];
    const isNeck = (name: string) => name.startsWith(`${inside}neck`);
    return {
      all,
      heads: all.filter((name) => name !== backbone && !isNeck(name)),
      neck: all.filter(isNeck),
      backbone: all.filter((name) => name === backbone),
      stages: stagePaths(detector, backbone),
    };
  } finally {
    detector.dispose();
  }
}

/** Where the backbone is that trains: inside of what a model tracks, teaches or distils where it has one of those. */
function trainedBackbone(detector: Detector): string {
  const paths = new Set([...detector.modules()].map(([path]) => path));
  const inner = ['student', 'detector', 'architecture'].map((name) => `${name}.backbone`);
  return inner.find((path) => paths.has(path)) ?? 'backbone';
}

function pathsOf({ train, top }: FineTuneStage, { all, stages, ...words }: Parts): string[] {
  const fail = (problem: string): never => {
    throw new DetLabError(`Cannot fine-tune: ${problem}`);
  };
  if (top !== undefined) {
    if (train !== 'backbone') return fail(`top is of train: 'backbone', not of "${[train].flat().join(', ')}"`);
    if (!stages)
      return fail("the stages of this backbone have no names. Leave top out, or give paths: train: ['backbone....']");
    if (top > stages.length) return fail(`the backbone has ${stages.length} stages, received top: ${top}`);
    return stages.slice(-top).flat();
  }
  const word = Object.entries(words).find(([name]) => name === train);
  if (word) return word[1].length > 0 ? word[1] : fail(`the model has no ${word[0]}. Its parts are ${all.join(', ')}`);
  const unknown = [train]
    .flat()
    .find((path) => !all.some((name) => path === name || path.startsWith(`${name}.`)) && !/[*{[]/.test(path));
  if (unknown !== undefined)
    return fail(`no part has the path "${unknown}". Use 'heads', 'neck', 'backbone' or paths inside ${all.join(', ')}`);
  return [train].flat();
}

function lengthsOf(stages: readonly FineTuneStage[], epochs: number | undefined, total: number): number[] {
  const given = stages.flatMap((stage) => stage.epochs ?? []);
  const sum = given.reduce((a, b) => a + b, 0);
  if (given.length === stages.length) {
    if (epochs !== undefined && epochs !== sum)
      throw new DetLabError(`Cannot fine-tune for ${epochs} epochs: the stages have ${sum}. Leave epochs out`);
    return given;
  }
  if (given.length > 0)
    throw new DetLabError(
      `Cannot fine-tune: expected epochs for each of the ${stages.length} stages or for none, received ${given.length}`,
    );
  if (total < stages.length)
    throw new DetLabError(
      `Cannot fine-tune in ${stages.length} stages: expected epochs to be ${stages.length} or more, one for each stage, received ${total}`,
    );
  // what does not divide goes to the last stages
  return stages.map((_, i) => Math.floor(((i + 1) * total) / stages.length) - Math.floor((i * total) / stages.length));
}
