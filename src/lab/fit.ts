// `recipe.fit(data)`: builds the model, trains it with live displays, evaluates it, and returns a Run.

import path from 'node:path';
import { type DataProblem, type Loader, problemLines } from '../data';
import type { Detector } from '../models/types';
import { CallbackHook } from '../training/hooks/callback-hook';
import { EvaluationHook } from '../training/hooks/evaluation-hook';
import type { TrainHook } from '../training/hooks/hook';
import { type TrainResult, train } from '../training/train';
import { notebook } from '../visualization/display';
import { buildModel, type RecipeSpec, resolveClasses } from './build-model';
import { catalogue } from './catalogue';
import { checkData } from './check-data';
import { checkRun } from './check-run';
import { loadCustomImports } from './custom-imports';
import { evaluate } from './evaluate';
import type { LabDataset } from './lab-dataset';
import { Model } from './model';
import { type FitOptions, planRun, type RunPlan } from './plan';
import type { Report } from './report';
import { Run } from './run';
import { type RunView, runView } from './run-view';
import { trainLoader } from './train-loader';
import { fitWarmUp } from './warm-up';

/** Images with problems that get a line in the log each. */
const LOGGED_PROBLEMS = 50;

/** A name with only the characters that a folder may have. */
export const folderName = (name: string): string => name.replace(/[^\w.+-]+/g, '_');

export async function fit(given: RecipeSpec, data: LabDataset, options: FitOptions = {}): Promise<Run> {
  const started = performance.now();
  const spec = options.loadFrom === undefined ? given : { ...given, loadFrom: { file: options.loadFrom } };
  const notices: string[] = [...(spec.notices ?? [])];
  await loadCustomImports(spec.config, spec.folders ?? [], (line) => notices.push(line));
  notices.push(...checkRun(spec.config), ...checkData(data, spec.config));
  const planned = planRun(spec.config, options);
  const classes = resolveClasses(spec, data);
  const view = runView(spec.name, planned.loop, { quiet: options.log !== undefined });
  const log = options.log ?? view.log;
  // of the first weights, which a resumed run does not have
  const startLines: string[] = [];
  const detector = await buildModel(spec, classes, planned.seed, (line) => {
    if (!notices.includes(line)) startLines.push(line);
  });
  const model = new Model(detector, classes, spec.name, spec.config);
  const workDir = workDirOf(spec, options);
  const problems: DataProblem[] = [];
  const loader = trainLoader(data.train, spec.config, planned, {
    workers: options.workers,
    onProblem(problem) {
      problems.push(problem);
      if (problems.length <= LOGGED_PROBLEMS) log(`bad data: ${problem.message}`);
      if (problems.length === LOGGED_PROBLEMS) log('bad data: further images are in run.problems alone');
    },
    onDropped(dropped) {
      problems.push(...dropped);
      notices.push(...problemLines(dropped));
    },
  });
  const warmUp = fitWarmUp(planned, loader.length);
  const plan = { ...planned, ...warmUp, notices: [...planned.notices, ...warmUp.notices] };
  const firstLines = linesBefore(data, workDir, [...new Set([...plan.notices, ...notices])]);
  const session = { spec, plan, options, data, detector, loader, model, view, workDir, log, firstLines, startLines };
  try {
    const { report, result } = await trainAndEvaluate(session);
    await view.finish();
    return new Run({
      model,
      report,
      result,
      curves: view.curves,
      problems,
      seconds: (performance.now() - started) / 1000,
      loop: plan.loop,
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

/** The state of one call of `fit`. */
interface FitSession {
  spec: RecipeSpec;
  plan: RunPlan;
  options: FitOptions;
  data: LabDataset;
  detector: Detector;
  loader: Loader;
  model: Model;
  view: RunView;
  workDir?: string;
  log: (line: string) => void;
  /** What the log begins with, after the engine. */
  firstLines: readonly string[];
  /** And for a run that is not resumed. */
  startLines: readonly string[];
}

async function trainAndEvaluate(session: FitSession): Promise<{ report?: Report; result: TrainResult }> {
  const { spec, plan, options, data, detector, loader, model, view, workDir, log, firstLines, startLines } = session;
  const signal = options.signal ?? notebook()?.signal;
  const precision = plan.precision ?? configuredPrecision(spec);
  let report: Report | undefined;
  let evaluated = '';
  const evaluateAfter = async (at: { epoch: number; step: number }): Promise<Report | undefined> => {
    if (!data.val) return undefined;
    const onProgress = view.evaluating(at);
    const latest = await evaluate(detector, data.val, spec.config, { precision, signal, onProgress });
    if (latest) {
      report = latest;
      evaluated = plan.loop.unit === 'epoch' ? `epoch ${at.epoch}` : `iteration ${at.step}`;
    }
    return latest;
  };
  const evaluation = data.val && new EvaluationHook(async (at) => (await evaluateAfter(at))?.logNames());
  const result = await train({
    ...plan,
    hooks: [displayHook(view, options), ...(evaluation ? [evaluation] : []), ...plan.hooks],
    detector,
    loader,
    signal,
    workDir,
    resume: options.resume ?? spec.config.resume === true,
    freezing: spec.freezing,
    meta: { ...model.meta() },
    log,
    firstLines,
    startLines,
    registry: catalogue,
  });
  // a run that was complete when resumed has its results in the history, but no report
  if (!report && !result.interrupted) await evaluateAfter(result);
  if (!result.stop) return { report, result };
  return { report: report?.ofUnfinished(`evaluated after ${evaluated}; the run was ${result.stop.where}`), result };
}

/** A hook for the displays of the run and the callbacks passed to `fit`. */
const displayHook = ({ callbacks }: RunView, { onRecord, onStep }: FitOptions): TrainHook =>
  new CallbackHook({
    ...callbacks,
    async onRecord(history, record) {
      onRecord?.(record);
      await callbacks.onRecord?.(history, record);
    },
    async onStep(event) {
      await onStep?.(event);
      await callbacks.onStep?.(event);
    },
  });

/** `workDir`, the config's `work_dir`, or a folder of the recipe's name; undefined: nothing is written. */
function workDirOf({ config, name }: RecipeSpec, { workDir }: FitOptions): string | undefined {
  if (workDir === false) return undefined;
  return workDir ?? (typeof config.work_dir === 'string' ? config.work_dir : path.join('runs', folderName(name)));
}

const linesBefore = (data: LabDataset, workDir: string | undefined, notices: string[]): string[] => [
  ...notices,
  ...(data.val ? [] : [`"${data.name}" has no validation images, so no AP is computed: use data.split(0.2)`]),
  ...(workDir ? [`log and checkpoints: ${workDir}`] : []),
];

function configuredPrecision({ config }: RecipeSpec) {
  const wrapper = config.optim_wrapper as { type?: string; dtype?: string } | undefined;
  if (wrapper?.type !== 'AmpOptimWrapper') return 'float32' as const;
  return wrapper.dtype === 'float16' ? ('float16' as const) : ('bfloat16' as const);
}
