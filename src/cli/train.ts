// `detlab train CONFIG`: `detector(CONFIG).fit(data)` from the command line, in one process or as one of several that a launcher
// has started. Of those, rank 0 writes to the terminal.

import { setTimeout } from 'node:timers/promises';
import { checkRun } from '../lab/check-run';
import { configuredData } from '../lab/config-data';
import { detector } from '../lab/detector';
import type { FitOptions } from '../lab/fit-options';
import { configuredTimeout } from '../lab/ranks/configured-timeout';
import { joinLaunched } from '../lab/ranks/join-launched';
import { type LaunchedRank, type Launcher, launchedRank } from '../lab/ranks/launched-rank';
import type { Run } from '../lab/run';
import { Ranks } from '../training/ranks/ranks';
import { openData } from './data-option';
import { CommandFailure, EXIT, interruptions, output, phase } from './outcome';

export interface TrainArguments {
  data?: string;
  workDir?: string;
  resume?: boolean;
  loadFrom?: string;
  amp?: boolean;
  seed?: number;
  epochs?: number;
  lr?: number;
  autoScaleLr?: boolean;
  batch?: number;
  checkpointEvery?: number;
  patience?: number;
  valLoss?: boolean;
  cfgOptions?: string[];
  launcher?: Launcher;
  json?: boolean;
}

/** Milliseconds that rank 0 has to say why a run has failed. */
const LAST_WORDS_MS = 2000;

/** What of a run is in the last event. */
const OUTCOME = [
  'interrupted',
  'stop',
  'early',
  'restored',
  'epoch',
  'step',
  'best',
  'seconds',
  'imagesPerSecond',
  'workDir',
  'checkpoint',
  'problems',
] as const satisfies readonly (keyof Run)[];

export async function trainCommand(config: string, options: TrainArguments): Promise<number> {
  const launched = await phase(EXIT.usage, () => launchedRank(options.launcher ?? 'none', process.env));
  return launched ? trainAsRank(launched, config, options) : trainAlone(config, options);
}

/** The time-out of a config, before the ranks meet: what is wrong with the config is said when they have met. */
export function rankTimeout(config: string, options?: string[]): number | undefined {
  try {
    return configuredTimeout(detector(config, { options }).config);
  } catch {
    return undefined;
  }
}

async function trainAsRank(launched: LaunchedRank, config: string, options: TrainArguments): Promise<number> {
  const timeout = rankTimeout(config, options.cfgOptions);
  const group = await phase(EXIT.failed, () => joinLaunched({ ...launched, timeout }));
  const { signal, release } = interruptions(launched.rank === 0);
  const ranks = new Ranks(group, signal);
  try {
    const code = await trainAlone(config, options, ranks);
    ranks.close(true);
    return code;
  } catch (error) {
    ranks.fail(error);
    ranks.close(false);
    if (ranks.isFirst) throw error;
    // a launcher ends the others when one has ended: rank 0 says why first
    await setTimeout(LAST_WORDS_MS);
    return error instanceof CommandFailure ? error.code : EXIT.failed;
  } finally {
    release();
  }
}

async function trainAlone(config: string, options: TrainArguments, ranks?: Ranks): Promise<number> {
  const isFirst = ranks?.isFirst !== false;
  const out = output(options.json === true);
  let recipe = await phase(EXIT.usage, () => detector(config, { options: options.cfgOptions }));
  await phase(EXIT.usage, () => recipe.imports());
  await phase(EXIT.usage, () => void checkRun(recipe.config));
  // what rank 0 has to make or fetch is there for the others
  if (!isFirst) await ranks?.any([]);
  const data = await phase(EXIT.data, () =>
    options.data === undefined ? configuredData(recipe.config, recipe.name) : openData(options.data),
  );
  if (isFirst) await ranks?.any([]);
  // --data determines the classes; the data of the config must have the config's classes
  if (options.data !== undefined) recipe = recipe.classes(data.classes);
  await phase(EXIT.usage, () => recipe.classes(data.classes).summary());
  const own = ranks ? undefined : interruptions();
  const fitOptions: FitOptions = {
    epochs: options.epochs,
    lr: options.lr,
    scaleLr: options.autoScaleLr,
    batch: options.batch,
    amp: options.amp,
    seed: options.seed,
    workDir: options.workDir,
    resume: options.resume,
    loadFrom: options.loadFrom,
    checkpoint: options.checkpointEvery === undefined ? undefined : { everyIterations: options.checkpointEvery },
    patience: options.patience,
    valLoss: options.valLoss,
    signal: ranks?.signal ?? own?.signal,
    onRecord: (record) => isFirst && out.event('loss' in record ? 'train' : 'evaluation', record),
    ...(!isFirst && { log: () => {} }),
  };
  const run = await (ranks ? recipe.fitAsRank(data, fitOptions, ranks) : recipe.fit(data, fitOptions)).finally(() =>
    own?.release(),
  );
  const outcome = Object.fromEntries(OUTCOME.map((name) => [name, run[name]]));
  const report = run.report && { metrics: run.report.metrics, perClass: run.report.perClass };
  if (isFirst) {
    out.event('end', { ...outcome, report });
    out.print(run.toString());
  }
  return run.interrupted ? EXIT.interrupted : EXIT.ok;
}
