// `detlab train CONFIG`: `detector(CONFIG).fit(data)` from the command line, in one process or as one of several that a launcher
// has started. Of those, rank 0 writes to the terminal.

import { setTimeout } from 'node:timers/promises';
import { DetLabError } from '../errors';
import { detector } from '../lab/detector';
import type { FitOptions } from '../lab/fit-options';
import { configuredTimeout } from '../lab/ranks/configured-timeout';
import { joinLaunched } from '../lab/ranks/join-launched';
import { type LaunchedRank, type Launcher, launchedRank } from '../lab/ranks/launched-rank';
import type { Run } from '../lab/run';
import { Ranks } from '../training/ranks/ranks';
import { type FitArguments, fitOptions } from './fit-options';
import { CommandFailure, EXIT, interruptions, output, phase } from './outcome';
import { openRecipe } from './recipe-data';

export interface TrainArguments extends FitArguments {
  resume?: boolean;
  checkpointEvery?: number;
  fineTune?: boolean;
  launcher?: Launcher;
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
  if (launched) await phase(EXIT.usage, () => requireAlone(options));
  return launched ? trainAsRank(launched, config, options) : trainAlone(config, options);
}

/** @throws DetLabError for what is found or planned in one process alone */
function requireAlone({ batch, fineTune }: TrainArguments): void {
  if (batch === 'auto')
    throw new DetLabError(
      'Cannot use --batch auto with --launcher: find the batch in one process (detlab train --batch auto), and give the number',
    );
  if (fineTune)
    throw new DetLabError(
      'Cannot use --fine-tune with --launcher: stages are of a run of one process. Leave one of them out',
    );
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
  const { recipe, data } = await openRecipe(config, options, ranks);
  const own = ranks ? undefined : interruptions();
  const given: FitOptions = {
    ...fitOptions(options),
    resume: options.resume,
    checkpoint: options.checkpointEvery === undefined ? undefined : { everyIterations: options.checkpointEvery },
    signal: ranks?.signal ?? own?.signal,
    onRecord: (record) => isFirst && out.event('loss' in record ? 'train' : 'evaluation', record),
    ...(!isFirst && { log: () => {} }),
  };
  const trained = () => (options.fineTune ? recipe.fineTune(data, given) : recipe.fit(data, given));
  const run = await (ranks ? recipe.fitAsRank(data, given, ranks) : trained()).finally(() => own?.release());
  const outcome = Object.fromEntries(OUTCOME.map((name) => [name, run[name]]));
  const report = run.report && { metrics: run.report.metrics, perClass: run.report.perClass };
  if (isFirst) {
    out.event('end', { ...outcome, report });
    out.print(run.toString());
  }
  return run.interrupted ? EXIT.interrupted : EXIT.ok;
}
