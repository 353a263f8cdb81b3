// `detlab train CONFIG`: `detector(CONFIG).fit(data)` from the command line.

import { checkRun } from '../lab/check-run';
import { configuredData } from '../lab/config-data';
import { detector } from '../lab/detector';
import type { Run } from '../lab/run';
import { openData } from './data-option';
import { EXIT, interruptible, output, phase } from './outcome';

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
  json?: boolean;
}

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
  const out = output(options.json === true);
  let recipe = await phase(EXIT.usage, () => detector(config, { options: options.cfgOptions }));
  await phase(EXIT.usage, () => recipe.imports());
  await phase(EXIT.usage, () => void checkRun(recipe.config));
  const data = await phase(EXIT.data, () =>
    options.data === undefined ? configuredData(recipe.config, recipe.name) : openData(options.data),
  );
  // --data determines the classes; the data of the config must have the config's classes
  if (options.data !== undefined) recipe = recipe.classes(data.classes);
  await phase(EXIT.usage, () => recipe.classes(data.classes).summary());
  const { signal, release } = interruptible();
  try {
    const run = await recipe.fit(data, {
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
      signal,
      onRecord: (record) => out.event('loss' in record ? 'train' : 'evaluation', record),
    });
    const outcome = Object.fromEntries(OUTCOME.map((name) => [name, run[name]]));
    const report = run.report && { metrics: run.report.metrics, perClass: run.report.perClass };
    out.event('end', { ...outcome, report });
    out.print(run.toString());
    return run.interrupted ? EXIT.interrupted : EXIT.ok;
  } finally {
    release();
  }
}
