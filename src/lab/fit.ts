// `recipe.fit(data)`: builds the model, trains it with live displays, evaluates it, and gives back a Run.

import path from 'node:path';
import type { DataProblem } from '../data';
import { train } from '../training/loop';
import { notebook } from '../visualization/display';
import { buildModel, type RecipeSpec, settleClasses } from './build-model';
import { catalogue } from './catalogue';
import { checkRun } from './check-run';
import { loadCustomImports } from './custom-imports';
import { evaluate } from './evaluate';
import { modeSwitch } from './hook-plans';
import type { LabDataset } from './lab-dataset';
import { runView } from './live';
import { Model } from './model';
import { type FitOptions, planRun, trainLoader } from './plan';
import type { Report } from './report';
import { Run } from './run';

/** A name that can be a folder's. */
export const folderName = (name: string): string => name.replace(/[^\w.+-]+/g, '_');

export async function fit(given: RecipeSpec, data: LabDataset, options: FitOptions = {}): Promise<Run> {
  const spec = options.loadFrom === undefined ? given : { ...given, loadFrom: { file: options.loadFrom } };
  const signal = options.signal ?? notebook()?.signal;
  const began = performance.now();
  const early: string[] = [];
  await loadCustomImports(spec.config, spec.folders ?? [], (line) => early.push(line));
  checkRun(spec.config);
  const plan = planRun(spec.config, options);
  const classes = settleClasses(spec, data);
  const view = runView(spec.name, plan.maxEpochs, { quiet: options.log !== undefined });
  const log = options.log ?? view.hooks.log!;
  const detector = await buildModel(spec, classes, plan.seed, (line) => early.push(line));
  const model = new Model(detector, classes, spec.name, spec.config);
  const workDir = options.workDir === false ? undefined : (options.workDir ?? path.join('runs', folderName(spec.name)));

  const problems: DataProblem[] = [];
  const onProblem = (problem: DataProblem) => {
    problems.push(problem);
    log(`bad data: ${problem.message}`);
  };
  const loader = trainLoader(data.train, spec.config, plan, { workers: options.workers, onProblem });
  const precision = plan.precision ?? configuredPrecision(spec);
  let report: Report | undefined;
  const evaluateAfter = async (epoch: number): Promise<Report | undefined> => {
    if (!data.val) return undefined;
    const onProgress = view.evaluating(epoch);
    const fresh = await evaluate(detector, data.val, spec.config, { precision, signal, onProgress });
    report = fresh ?? report;
    return fresh;
  };
  const first = [
    ...plan.notices,
    ...early,
    ...(data.val
      ? []
      : [`"${data.name}" has no validation part, so there will be no AP: make one with data.split(0.2)`]),
    ...(workDir ? [`log and checkpoints: ${workDir}`] : []),
  ];
  let started = false;
  try {
    const result = await train({
      ...plan,
      detector,
      loader,
      beforeEpoch: modeSwitch(detector, plan.switches),
      evaluate: data.val && (async ({ epoch }) => (await evaluateAfter(epoch))?.logNames()),
      signal,
      workDir,
      resume: options.resume ?? spec.config.resume === true,
      freezing: spec.freezing,
      meta: { ...model.meta() },
      hooks: {
        ...view.hooks,
        log(line) {
          log(line);
          // behind the first line, which names the engine
          if (!started) for (const more of first) log(more);
          started = true;
        },
        async onRecord(history, record) {
          options.onRecord?.(record);
          await view.hooks.onRecord?.(history, record);
        },
        async onStep(event) {
          options.onStep?.(event);
          await view.hooks.onStep?.(event);
        },
      },
      registry: catalogue,
    });
    // a resumed run that was complete has its numbers in the history, but no report
    if (!report && !result.interrupted) await evaluateAfter(result.epoch);
    await view.finish();
    return new Run({
      model,
      report,
      result,
      curves: view.curves,
      problems,
      seconds: (performance.now() - began) / 1000,
      maxEpochs: plan.maxEpochs,
      images: loader.stats.images,
      waitSeconds: loader.stats.waitSeconds,
      workDir,
    });
  } catch (error) {
    await view.finish().catch(() => {});
    throw error;
  } finally {
    await loader.close();
  }
}

function configuredPrecision({ config }: RecipeSpec) {
  const wrapper = config.optim_wrapper as { type?: string; dtype?: string } | undefined;
  if (wrapper?.type !== 'AmpOptimWrapper') return 'float32' as const;
  return wrapper.dtype === 'float16' ? ('float16' as const) : ('bfloat16' as const);
}
