// `search(recipe, { space: { lr: [0.01, 0.02] } }).fit(data)`: trains a recipe with different options, as a grid, at random, or by
// successive halving, and shows a live table, best first.

import path from 'node:path';
import {
  type Candidate,
  combinations,
  countOf,
  drawn,
  gridOf,
  rungsOf,
  type SearchRange,
  type SearchSpace,
} from '../analysis/search-space';
import { DetLabError, didYouMean, nameOfValue } from '../errors';
import { Random } from '../random';
import { notebook } from '../visualization/display';
import { tablesBundle } from '../visualization/table';
import { folderName } from './fit';
import type { FitOptions } from './fit-options';
import type { LabDataset } from './lab-dataset';
import { checkMethod } from './method-options';
import { planLoop } from './plan-loop';
import type { Recipe } from './recipe';
import type { Run } from './run';
import { byValue, SearchResult, type SearchTrial, valueText } from './search-result';

/** What is searched, and how. */
export interface SearchOptions {
  /**
   * By name of an option of `fit` (`lr`, `batch`, `imageSize`, `amp`, `scaleLr`, `classWeights`, `repeatFactors`), `neck`, `backbone`, or
   * path of the config: a list of values, or a range.
   * @example { lr: { min: 1e-4, max: 0.1, scale: 'log' }, neck: ['FPN', 'PAFPN'], 'model.backbone.frozen_stages': [0, 1] }
   */
  space: SearchSpace;
  /** All combinations, random ones, or random ones of which the best train on. Default `grid`. */
  strategy?: 'grid' | 'random' | 'halving';
  /** Number of trials; with `halving` of those that begin. Default 16; of a grid all. */
  budget?: number;
  /** With `halving`: one of so many goes on, for so many times the epochs. Default 3. */
  factor?: number;
  /** Name of the metric in the report that decides. Default the first, AP. */
  metric?: string;
  /** Seed of the random candidates. Default 0. */
  seed?: number;
}

const FIT_WORDS = ['lr', 'batch', 'imageSize', 'amp', 'scaleLr', 'classWeights', 'repeatFactors'];

/** Trials of a search at random. */
const BUDGET = 16;

/**
 * A search over options of a recipe.
 *
 * @example const found = await search(recipe, { space: { lr: [0.005, 0.01, 0.02], neck: ['FPN', 'PAFPN'] } }).fit(cells, { epochs: 6 })
 * @example await search(recipe, { space: { lr: { min: 1e-4, max: 0.1, scale: 'log' } }, strategy: 'halving', budget: 9 }).fit(cells)
 * @throws DetLabError for options that the recipe does not have, before anything is trained
 */
export function search(
  recipe: Recipe,
  options: SearchOptions,
): { fit(data: LabDataset, options?: FitOptions): Promise<SearchResult> } {
  checkMethod('search', options);
  const candidates = candidatesOf(options);
  const trials = candidates.map((values) => trialOf(recipe, values));
  return {
    async fit(data, given = {}) {
      checkMethod('search.fit', given);
      if (!data.val)
        throw new DetLabError(
          `Cannot search on "${data.name}": it has no validation images to decide by. Use data.split(0.2)`,
        );
      return new RunningSearch(recipe.name, trials, options, data, given).run();
    },
  };
}

/** @throws DetLabError for a space that is none */
function candidatesOf({ space, strategy = 'grid', budget, seed = 0 }: SearchOptions): Candidate[] {
  const entries = Object.entries(space);
  if (entries.length === 0)
    throw new DetLabError('Cannot search: expected a space of options, such as { lr: [0.01, 0.02] }, received none');
  for (const [name, choices] of entries) checkChoices(name, choices, strategy);
  const all = combinations(space);
  if (strategy !== 'grid') return drawn(space, budget ?? BUDGET, Random.seeded(seed));
  if (budget !== undefined && all > budget)
    throw new DetLabError(
      `Cannot search all ${all} combinations with a budget of ${budget} trials. Use strategy: 'random' or 'halving'`,
    );
  return gridOf(space);
}

function checkChoices(name: string, choices: readonly unknown[] | SearchRange, strategy: string): void {
  const fail = (problem: string): never => {
    throw new DetLabError(`Cannot search over "${name}": ${problem}`);
  };
  if (Array.isArray(choices)) {
    const texts = choices.map((value) => JSON.stringify(value));
    if (choices.length === 0 || new Set(texts).size < choices.length)
      fail('expected different values, such as [0.01, 0.02]');
    return;
  }
  const { min, max, scale } = choices as SearchRange;
  if (typeof min !== 'number' || typeof max !== 'number' || !(min < max))
    fail(`expected a list of values or { min, max } with min below max, received ${nameOfValue(choices)}`);
  if (countOf(choices) === 0) fail(`there is no whole number from ${min} to ${max}`);
  if (scale === 'log' && min <= 0) fail(`expected min above 0 for a logarithmic scale, received ${min}`);
  if (strategy === 'grid') fail("a range has no grid. Give values in a list, or use strategy: 'random' or 'halving'");
}

/** What is trained with some values. */
interface Planned {
  name: string;
  values: Candidate;
  recipe: Recipe;
  options: FitOptions;
}

/** @throws DetLabError for a value that the recipe refuses */
function trialOf(base: Recipe, values: Candidate): Planned {
  const name = Object.entries(values)
    .map(([key, value]) => `${key.split('.').at(-1)}=${valueText(value)}`)
    .join(', ');
  const options: Record<string, unknown> = {};
  let recipe = base;
  for (const [key, value] of Object.entries(values)) {
    if (FIT_WORDS.includes(key)) options[key] = value;
    else if (key === 'neck') recipe = recipe.neck(value as Parameters<Recipe['neck']>[0]);
    else if (key === 'backbone') recipe = recipe.backbone(value as Parameters<Recipe['backbone']>[0]);
    else recipe = optionSet(recipe, key, value);
  }
  checkMethod('search.fit', options);
  return { name, values, recipe: recipe.named(name), options: options as FitOptions };
}

/** @throws DetLabError for an option that the recipe does not have, with the word of the search that may be meant */
function optionSet(recipe: Recipe, key: string, value: unknown): Recipe {
  try {
    return recipe.set({ [key]: value } as Parameters<Recipe['set']>[0]);
  } catch (error) {
    const meant = key.includes('.') ? '' : didYouMean(key, [...FIT_WORDS, 'neck', 'backbone']);
    if (!meant || !(error instanceof DetLabError)) throw error;
    throw new DetLabError(`Cannot search over "${key}": the recipe has no such option.${meant}`);
  }
}

/** One call of `fit`. */
class RunningSearch {
  private readonly done = new Map<string, SearchTrial>();
  private readonly screen = notebook();
  private readonly signal: AbortSignal | undefined;
  private readonly id = crypto.randomUUID();

  constructor(
    private readonly name: string,
    private readonly planned: readonly Planned[],
    private readonly options: SearchOptions,
    private readonly data: LabDataset,
    private readonly given: FitOptions,
  ) {
    this.signal = given.signal ?? this.screen?.signal;
  }

  async run(): Promise<SearchResult> {
    const { options, planned } = this;
    if (options.strategy === 'halving') await this.halve();
    else
      for (const trial of planned) {
        if (this.signal?.aborted) break;
        await this.train(trial, {}, 'finished');
      }
    return this.result();
  }

  /** Goes on from the checkpoints of the rung before, with the schedule of the whole training. */
  private async halve(): Promise<void> {
    const { given, options, planned } = this;
    const loop = planLoop(planned[0].recipe.config, { epochs: given.epochs }).loop;
    if (given.workDir === false || loop.unit !== 'epoch')
      throw new DetLabError(
        given.workDir === false
          ? 'Cannot search by halving with workDir: false: trials go on from their checkpoints. Give a folder'
          : `Cannot search by halving: ${loop.type} counts iterations. Use EpochBasedTrainLoop`,
      );
    const rungs = rungsOf(planned.length, loop.total, options.factor ?? 3);
    let going = [...planned];
    for (const [i, { candidates, epochs }] of rungs.entries()) {
      const order = byValue(this.metric);
      const value = (trial: Planned) => this.done.get(trial.name)?.value;
      if (i > 0) going = going.sort((a, b) => order(value(a), value(b))).slice(0, candidates);
      for (const trial of going) {
        if (this.signal?.aborted) return;
        const until = { afterEpoch: ({ epoch, stop }: { epoch: number; stop(): void }) => epoch >= epochs && stop() };
        const more: FitOptions = {
          epochs: loop.total,
          resume: i > 0,
          evaluateEvery: given.evaluateEvery ?? 1,
          checkpoint: { ...given.checkpoint, interval: 1 },
          ...(epochs < loop.total && { hooks: [...(given.hooks ?? []), until] }),
        };
        await this.train(trial, more, epochs < loop.total ? 'dropped' : 'finished');
      }
    }
  }

  private async train(
    { name, options, recipe, values }: Planned,
    more: FitOptions,
    state: SearchTrial['state'],
  ): Promise<void> {
    const { given, signal } = this;
    const root = given.workDir === undefined ? path.join('runs', 'search') : given.workDir;
    const workDir = root === false ? (false as const) : path.join(root, folderName(name));
    const run = await recipe.fit(this.data, { watch: false, ...given, ...options, ...more, signal, workDir });
    const before = this.done.get(name);
    if (before && before.run !== run) before.run.model.dispose();
    const seconds = (before?.seconds ?? 0) + run.seconds;
    this.done.set(name, {
      name,
      values,
      run,
      value: this.valueOf(run),
      seconds,
      state: run.interrupted ? 'stopped' : state,
    });
    this.freeAllBut(this.result().best);
    this.screen?.display(tablesBundle(this.result().table()), { id: this.id });
  }

  /** The weights of the others are in their folders. */
  private freeAllBut(best: SearchTrial | undefined): void {
    for (const { run } of this.done.values()) if (run !== best?.run) run.model.dispose();
  }

  private get metric(): string {
    const [first] = [...this.done.values()].flatMap(({ run }) => Object.keys(run.report?.metrics ?? {}));
    return this.options.metric ?? first ?? 'AP';
  }

  /** @throws DetLabError for a metric that the evaluation does not have */
  private valueOf({ report }: Run): number | undefined {
    const { metric = Object.keys(report?.metrics ?? {})[0] } = this.options;
    if (!report) return undefined;
    const value = report.metrics[metric];
    if (value !== undefined) return value;
    throw new DetLabError(`Cannot search by "${metric}": the metrics are ${Object.keys(report.metrics).join(', ')}`);
  }

  private drawnText(seed: number): string {
    const { budget = BUDGET } = this.options;
    const count = this.planned.length;
    return count < budget
      ? `all ${count} candidates that there are, of a budget of ${budget}`
      : `random candidates, seed ${seed}`;
  }

  private result(): SearchResult {
    const { strategy = 'grid', factor = 3, seed = 0 } = this.options;
    const drawnBy = strategy === 'grid' ? 'all combinations' : this.drawnText(seed);
    const text = strategy === 'halving' ? `${drawnBy}; successive halving, one of ${factor} goes on` : drawnBy;
    const trials = [...this.done.values()];
    const interrupted = this.signal?.aborted === true || trials.some(({ state }) => state === 'stopped');
    return new SearchResult(this.name, trials, this.metric, { trials: this.planned.length, text }, interrupted);
  }
}
