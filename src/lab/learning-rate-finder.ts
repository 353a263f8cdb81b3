// `recipe.findLearningRate(data)`, `model.findLearningRate(data)`: a range test. The learning rate rises exponentially from step to
// step until the loss diverges; a good rate is where the loss falls fastest. The model is then as it was.

import { risingRates, type SuggestedRates, smoothedLosses, suggestRates } from '../analysis/rate-range';
import { batchesOf, createLoader } from '../data';
import { DetLabError } from '../errors';
import type { Detector } from '../models/types';
import { TrialTraining } from '../training/trial-training';
import { chartBundle, renderPng, svgFile } from '../visualization/chart';
import { type MimeBundle, notebook } from '../visualization/display';
import { rateRangeSpec } from '../visualization/rate-range-chart';
import { csvText, type Formats, SavableDisplay } from '../visualization/savable';
import { buildModel, type RecipeSpec, resolveClasses } from './build-model';
import { catalogue } from './catalogue';
import type { LabDataset } from './lab-dataset';
import { loaderWorkers } from './loader-workers';
import { progressView } from './progress-view';
import { type InputOptions, trainingInput } from './training-input';

/** The rates that are tried, and on what. */
export interface FindLearningRateOptions extends Omit<InputOptions, 'epochs'> {
  /** The first rate. Default 1e-6. */
  from?: number;
  /** The last one, unless the loss diverges before. Default 1. */
  to?: number;
  /** Steps from one to the other. Default 100. */
  steps?: number;
  /** Weight of the losses before in the smoothed loss. Default 0.9. */
  smoothing?: number;
  /** The test ends where the smoothed loss is so many times its minimum. Default 4. */
  divergence?: number;
  /** Mixed precision, as in `fit`. */
  amp?: boolean;
  /** Threads that decode images. */
  workers?: number;
  signal?: AbortSignal;
}

/** Losses by learning rate, and what they suggest. */
export class LearningRates extends SavableDisplay {
  protected readonly what: string;

  constructor(
    readonly name: string,
    /** Of each step; the loss (the sum) and the smoothed one belong to them. */
    readonly rates: readonly number[],
    readonly losses: readonly number[],
    readonly smoothed: readonly number[],
    /** Why it ended: after the last rate, by divergence, or by Stop. */
    readonly ended: 'finished' | 'diverged' | 'interrupted',
    private readonly optimizer: string,
    private readonly kept: string,
  ) {
    super();
    this.what = `learning rates of ${name}`;
    for (const key of ['what', 'optimizer', 'kept']) Object.defineProperty(this, key, { enumerable: false });
  }

  /** Undefined where the loss never fell. */
  get suggested(): SuggestedRates | undefined {
    return suggestRates(this.rates, this.smoothed);
  }

  /**
   * The rate to train with: where the loss falls fastest.
   * @throws DetLabError where it never fell
   */
  get suggestion(): number {
    const { suggested } = this;
    if (suggested) return suggested.steepest;
    throw new DetLabError(
      `Cannot suggest a learning rate for "${this.name}": the loss never fell. Use other rates (from, to), more steps or a larger batch`,
    );
  }

  private get title(): string {
    return `${this.name}: loss by learning rate (${this.optimizer})`;
  }

  private spec(): Record<string, unknown> {
    const { rates, losses, smoothed, suggested, title } = this;
    const marks = suggested
      ? [
          { rate: suggested.steepest, name: `steepest descent, ${short(suggested.steepest)}` },
          { rate: suggested.minimumOverTen, name: `minimum / 10, ${short(suggested.minimumOverTen)}` },
        ]
      : [];
    return rateRangeSpec({ title, rates, losses, smoothed, marks });
  }

  protected formats(): Formats {
    const { name, ended, losses, rates, smoothed, suggested } = this;
    return {
      png: () => renderPng(this.spec()),
      svg: () => svgFile(this.spec()),
      html: async () => String((await this.bundle())['text/html']),
      csv: () =>
        csvText(
          ['lr', 'loss', 'smoothed'],
          rates.map((rate, i) => [rate, losses[i], smoothed[i]]),
        ),
      json: () => ({ name, ended, suggested, rates, losses, smoothed }),
      txt: () => `${this}\n`,
    };
  }

  protected async bundle(): Promise<MimeBundle> {
    const bundle = await chartBundle(this.spec(), this.toString(), this.title);
    const note = `<p style="margin:2px 8px;opacity:.75">${this.note}</p>`;
    return { ...bundle, 'text/html': `${bundle['text/html']}\n${note}` };
  }

  private get note(): string {
    const { ended, rates, suggested } = this;
    const last = short(rates[rates.length - 1]);
    return [
      suggested
        ? `Suggested: lr ${short(suggested.steepest)}, where the loss falls fastest; a tenth of the rate of its minimum is ` +
          short(suggested.minimumOverTen)
        : 'No suggestion: the loss never fell',
      ended === 'diverged' ? `diverged at ${last}` : ended === 'interrupted' ? `stopped at ${last}` : `up to ${last}`,
      `${rates.length} steps${this.kept}`,
    ].join('; ');
  }

  toString(): string {
    return `${this.title}\n${this.note}`;
  }
}

const short = (rate: number): string => String(Number(rate.toPrecision(2)));

/** @throws DetLabError for rates that do not rise */
export function checkedRates({ from = 1e-6, to = 1 }: FindLearningRateOptions): { from: number; to: number } {
  if (from < to) return { from, to };
  throw new DetLabError(`Cannot find a learning rate from ${from} to ${to}: expected to above from, such as to: 1`);
}

/**
 * A range test on a model, or on a new one of the recipe.
 * @throws DetLabError for rates that do not rise, and data or a config that cannot be trained on
 */
export async function findLearningRate(
  spec: RecipeSpec,
  data: LabDataset,
  options: FindLearningRateOptions = {},
  model?: Detector,
): Promise<LearningRates> {
  const { from, to } = checkedRates(options);
  const { from: _from, to: _to, steps = 100, smoothing = 0.9, divergence = 4, amp, workers, ...input } = options;
  const signal = options.signal ?? notebook()?.signal;
  const { plan, training } = await trainingInput(spec, data, { ...input, amp });
  const { dataset, order, stages } = training;
  const detector = model ?? (await buildModel(spec, resolveClasses(spec, data), plan.seed, undefined, { signal }));
  const before = model && { state: model.stateDict(), training: model.training };
  const threads = workers ?? loaderWorkers(spec.config, 'train_dataloader');
  const loader = createLoader(dataset, stages, { ...order, workers: threads });
  const view = progressView(`learning rates of ${spec.name}`);
  const rates = risingRates(from, to, steps);
  const losses: number[] = [];
  let ended: LearningRates['ended'] = 'finished';
  let trial: TrialTraining | undefined;
  try {
    trial = new TrialTraining(detector, plan.optimWrapper, catalogue, plan);
    const batches = endless(loader, batchesOf(dataset.records.length, order), signal);
    for (const rate of rates) {
      trial.rate = rate;
      const loss = await lossOfStep(trial, batches, signal);
      if (loss === undefined) ended = 'interrupted';
      else losses.push(loss);
      view.update(losses.length, steps);
      if (ended === 'finished' && hasDiverged(losses, smoothing, divergence)) ended = 'diverged';
      if (ended !== 'finished') break;
    }
    await batches.return(undefined);
  } finally {
    view.close();
    trial?.dispose();
    await loader.close();
    if (before) {
      detector.loadStateDict(before.state);
      detector.train(before.training);
    } else detector.dispose();
  }
  if (losses.length === 0) throw new DetLabError(`The search for a learning rate of "${spec.name}" was interrupted`);
  const { optimizer } = plan.optimWrapper as { optimizer?: { type?: unknown } };
  const about = `${String(optimizer?.type)}, batch ${order.batchSize}`;
  const kept = model ? '; the model is as it was before' : '';
  const finite = losses.filter(Number.isFinite);
  const used = rates.slice(0, finite.length);
  return new LearningRates(spec.name, used, finite, smoothedLosses(finite, smoothing), ended, about, kept);
}

/** The batches of epoch after epoch. */
async function* endless(loader: ReturnType<typeof createLoader>, length: number, signal?: AbortSignal) {
  for (let epoch = 0; length > 0 && !signal?.aborted; epoch++) yield* loader.epoch(epoch, { signal });
}

/** The mean loss of the batches of one step of the optimizer; NaN: not finite. Undefined when Stop ended it. */
async function lossOfStep(
  trial: TrialTraining,
  batches: AsyncGenerator<Parameters<TrialTraining['step']>[0], void, undefined>,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const losses: number[] = [];
  for (;;) {
    const { value, done } = await batches.next();
    if (done || signal?.aborted) return undefined;
    const tried = stepOrDiverge(trial, value, signal);
    if (!tried) return undefined;
    losses.push(tried.scalars.loss);
    if (tried.stepped) return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  }
}

/** Gradients that are not finite end the test as a loss that is not finite does. */
function stepOrDiverge(trial: TrialTraining, samples: Parameters<TrialTraining['step']>[0], signal?: AbortSignal) {
  try {
    return trial.step(samples, signal);
  } catch (error) {
    if (error instanceof DetLabError && /not finite/.test(error.message))
      return { scalars: { loss: Number.NaN }, stepped: true };
    throw error;
  }
}

function hasDiverged(losses: readonly number[], smoothing: number, factor: number): boolean {
  if (!Number.isFinite(losses[losses.length - 1])) return true;
  const smoothed = smoothedLosses(losses, smoothing);
  return smoothed[smoothed.length - 1] > factor * Math.min(...smoothed);
}
