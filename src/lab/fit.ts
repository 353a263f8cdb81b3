// `recipe.fit(data)`: builds the model, trains it with live displays, evaluates it, and returns a Run.

import path from 'node:path';
import { type DataProblem, type Loader, problemLines } from '../data';
import { DetLabError } from '../errors';
import type { Detector } from '../models/types';
import { withRelativePaths } from '../paths';
import { CallbackHook } from '../training/hooks/callback-hook';
import { EvaluationHook } from '../training/hooks/evaluation-hook';
import type { TrainHook } from '../training/hooks/hook';
import type { VisBackendsHook } from '../training/hooks/vis-backends-hook';
import type { Ranks } from '../training/ranks/ranks';
import { configFacts, type Facts } from '../training/ranks/same-facts';
import { RunLog } from '../training/run-log';
import { type BestEvaluation, type TrainResult, train } from '../training/train';
import { notebook } from '../visualization/display';
import { buildModel, type RecipeSpec, resolveClasses } from './build-model';
import { catalogue } from './catalogue';
import { checkData } from './check-data';
import { checkRun } from './check-run';
import { numberAt } from './config-access';
import { loadCustomImports } from './custom-imports';
import { DetVisualizationHook } from './det-visualization-hook';
import { EvaluationDrawings } from './evaluation-drawings';
import { FAST_DECODING, withFastDecoding } from './fast-decoding';
import type { PreparedOptions } from './fit-options';
import type { LabDataset } from './lab-dataset';
import { Model } from './model';
import { planRun, type RunPlan } from './plan';
import { type Provenance, provenance, provenanceLines } from './provenance';
import { syncConfigured } from './ranks/sync-configured';
import type { Report } from './report';
import { Run } from './run';
import { effectiveConfig, RunConfigHook } from './run-config-hook';
import { RunEnergy } from './run-energy';
import { RunEvaluations } from './run-evaluations';
import { checkHooks, type HookError, UserHook } from './run-hooks';
import { type RunView, runView } from './run-view';
import { trainLoader } from './train-loader';
import { evaluatedTwins } from './twin-evaluation';
import { trainedImages } from './unlabelled-images';
import { visBackendsHook } from './vis-backends';
import { fitWarmUp } from './warm-up';
import { type Watched, watchedImages } from './watched';
import { checkWeightedLabels } from './weighted-labels';
import { wholeConfig } from './whole-config';

/** Images with problems that get a line in the log each. */
const LOGGED_PROBLEMS = 50;

/** Images that a notebook shows at each evaluation. */
const WATCHED = 6;

/** A name with only the characters that a folder may have. */
export const folderName = (name: string): string => name.replace(/[^\w.+-]+/g, '_');

/** @param ranks the processes that train together, where there are several: each calls this with the same recipe and data */
export async function fit(
  given: RecipeSpec,
  data: LabDataset,
  options: PreparedOptions = {},
  ranks?: Ranks,
): Promise<Run> {
  const started = performance.now();
  const { spec, notices } = await checked(given, data, options, ranks);
  const planned = planRun(spec.config, ranks ? { ...options, processes: ranks.size } : options);
  notices.push(...ranksNotices(ranks, planned, options));
  const [classes, energy] = [resolveClasses(spec, data), new RunEnergy()];
  const view = runView(spec.name, planned.loop, { quiet: options.log !== undefined, cost: () => energy.cost() });
  const runLog = new RunLog(options.log ?? view.log);
  const log = (line: string) => runLog.line(line);
  // of the first weights, which a resumed run does not have
  const startLines: string[] = [];
  const onLine = (line: string) => void (notices.includes(line) || startLines.push(line));
  const detector = await buildModel(spec, classes, planned.seed, onLine, { signal: options.signal });
  const model = new Model(detector, classes, spec.name, wholeConfig(spec.config, detector));
  checkDataFits(model, detector, data);
  const workDir = workDirOf(spec, options);
  const problems: DataProblem[] = [];
  const loader = trainLoader(trainedImages(data, spec.config), spec.config, planned, {
    ...loadingOf(options, ranks),
    ...reportProblems(problems, notices, log),
  });
  const warmUp = fitWarmUp(planned, loader.length);
  const plan = { ...planned, ...warmUp, notices: [...planned.notices, ...warmUp.notices] };
  const firstLines = linesBefore(data, workDir, [...new Set([...plan.notices, ...notices])]);
  const made = ranks?.isFirst === false ? undefined : await keepProvenance(runLog, plan, workDir);
  const watched = watchedOf(data, options);
  const hookErrors: HookError[] = [];
  const session = {
    spec,
    plan,
    ranks,
    options,
    data,
    detector,
    loader,
    model,
    view,
    watched,
    workDir,
    runLog,
    made,
    firstLines,
    startLines,
    userHooks: (options.hooks ?? []).map((hook, i) => new UserHook(hook, i, model, hookErrors)),
  };
  energy.begin();
  try {
    const trained = await trainAndEvaluate(session);
    await view.finish();
    const run = new Run({
      ...trained,
      model,
      watched,
      curves: view.curves,
      problems,
      hookErrors,
      energy: energy.reading(),
      seconds: (performance.now() - started) / 1000,
      loop: plan.loop,
      images: loader.stats.images * (ranks?.size ?? 1),
      waitSeconds: loader.stats.waitSeconds,
      workDir,
    });
    if (!run.interrupted) log(waitingLine(loader, run.waiting));
    runLog.keep(run.toString());
    return run;
  } catch (error) {
    runLog.keep(`the run was ended by an error: ${error instanceof Error ? error.message : String(error)}`);
    await view.finish().catch(() => {});
    throw error;
  } finally {
    energy.close();
    await loader.close();
  }
}

/** @throws DetLabError before anything is trained, of what the detector cannot learn from or be evaluated by */
function checkDataFits(model: Model, detector: Detector, data: LabDataset): void {
  checkWeightedLabels(model.config, data.train);
  if (data.val) evaluatedTwins(detector, model.config);
}

const loadingOf = ({ workers, imageCacheMB }: PreparedOptions, ranks?: Ranks) => ({
  workers,
  imageCacheMB,
  shard: ranks && { rank: ranks.rank, size: ranks.size },
});

/** Share of waiting from which it is said what shortens it. */
const LONG_WAITING = 0.1;

/** How much of the run was spent waiting for images. */
function waitingLine({ workers, stats: { keptBytes } }: Loader, share: number): string {
  const threads = workers === 0 ? 'no thread of their own' : workers === 1 ? '1 thread' : `${workers} threads`;
  const kept = keptBytes > 0 ? `; ${Math.ceil(keptBytes / 2 ** 20)} MB of decoded images kept` : '';
  const advice = share >= LONG_WAITING ? '. More workers, fastDecoding or imageCacheMB may shorten it' : '';
  return `waiting for images: ${(100 * share).toFixed(1)}% of the time, with ${threads}${kept}${advice}`;
}

/** Problems of images as they are found: kept, and the first of them logged. */
const reportProblems = (problems: DataProblem[], notices: string[], log: (line: string) => void) => ({
  onProblem(problem: DataProblem) {
    problems.push(problem);
    if (problems.length <= LOGGED_PROBLEMS) log(`bad data: ${withRelativePaths(problem.message)}`);
    if (problems.length === LOGGED_PROBLEMS) log('bad data: further images are in run.problems alone');
  },
  onDropped(dropped: DataProblem[]) {
    problems.push(...dropped);
    notices.push(...problemLines(dropped).map(withRelativePaths));
  },
});

/** What is trained, and lines about it; an error where that cannot be. */
async function checked(
  given: RecipeSpec,
  data: LabDataset,
  { hooks, loadFrom, fastDecoding }: PreparedOptions,
  ranks: Ranks | undefined,
): Promise<{ spec: RecipeSpec; notices: string[] }> {
  if (hooks !== undefined) checkHooks(hooks);
  const loaded = loadFrom === undefined ? given : { ...given, loadFrom: { file: loadFrom } };
  const spec = fastDecoding ? { ...loaded, config: withFastDecoding(loaded.config) } : loaded;
  const notices = [...(spec.notices ?? []), ...(fastDecoding ? [FAST_DECODING] : [])];
  await loadCustomImports(spec.config, spec.folders ?? [], (line) => notices.push(line));
  return {
    spec,
    notices: [...notices, ...checkRun(spec.config, ranks !== undefined), ...checkData(data, spec.config)],
  };
}

/** What the run is made by, at the head of its log; undefined where nothing is written. */
async function keepProvenance(
  log: RunLog,
  { seed }: RunPlan,
  workDir: string | undefined,
): Promise<Provenance | undefined> {
  if (workDir === undefined) return undefined;
  const made = await provenance();
  for (const line of [`started ${new Date().toISOString()}`, ...provenanceLines(made), `seed: ${seed}`]) log.keep(line);
  return made;
}

/** The state of one call of `fit`. */
interface FitSession {
  spec: RecipeSpec;
  plan: RunPlan;
  ranks?: Ranks;
  options: PreparedOptions;
  data: LabDataset;
  detector: Detector;
  loader: Loader;
  model: Model;
  view: RunView;
  watched: Watched | undefined;
  workDir?: string;
  runLog: RunLog;
  /** What it was made by; absent where nothing is written. */
  made?: Provenance;
  /** What the log begins with, after the engine. */
  firstLines: readonly string[];
  /** And for a run that is not resumed. */
  startLines: readonly string[];
  userHooks: readonly TrainHook[];
}

/** What a trained session leaves. */
interface Trained {
  report?: Report;
  result: TrainResult;
  /** The evaluation whose weights the model has, where they are not the last. */
  restored?: BestEvaluation;
}

async function trainAndEvaluate(session: FitSession): Promise<Trained> {
  const {
    spec,
    plan,
    options,
    data,
    detector,
    loader,
    model,
    view,
    watched,
    runLog,
    made,
    firstLines,
    startLines,
    userHooks,
    ranks,
  } = session;
  if (ranks) syncConfigured(detector, spec.config);
  // the others of several processes write nothing
  const workDir = ranks?.isFirst === false ? undefined : session.workDir;
  const signal = options.signal ?? notebook()?.signal;
  const precision = plan.precision ?? configuredPrecision(spec);
  const { config } = spec;
  const record = visBackendsHook(config, () => effectiveConfig(spec, plan));
  const evaluations = new RunEvaluations({
    detector,
    data,
    config,
    plan,
    precision,
    signal,
    view,
    ranks,
    watched,
    drawings: drawingsOf(session, record, signal),
    workDir,
    log: (line) => runLog.line(line),
  });
  const evaluation = data.val && new EvaluationHook((at) => evaluations.evaluate(at));
  const kept = new RunConfigHook(spec, plan, {
    classes: model.classes,
    data: data.name,
    ...(made && { environment: made }),
  });
  const result = await train({
    ...plan,
    hooks: [displayHook(view, options), kept, record, ...(evaluation ? [evaluation] : []), ...userHooks, ...plan.hooks],
    detector,
    loader,
    signal,
    ranks,
    facts: ranks && factsOf(session),
    workDir: session.workDir,
    resume: options.resume ?? config.resume === true,
    freezing: spec.freezing,
    meta: { ...model.meta() },
    log: runLog,
    firstLines,
    startLines,
    registry: catalogue,
  });
  return { ...(await evaluations.finish(result)), result };
}

/** Undefined where the config draws nothing. */
function drawingsOf(
  { spec: { config }, plan, runLog, view, workDir }: FitSession,
  backends: VisBackendsHook,
  signal: AbortSignal | undefined,
): EvaluationDrawings | undefined {
  const hooks = plan.hooks.filter((hook) => hook instanceof DetVisualizationHook).filter(({ options }) => options.draw);
  if (hooks.length === 0) return undefined;
  const batchSize = numberAt(config, 'val_dataloader.batch_size') ?? 1;
  return new EvaluationDrawings({
    hooks,
    backends,
    view,
    batchSize,
    workDir,
    signal,
    log: (line) => runLog.line(line),
  });
}

const ranksNotices = (ranks: Ranks | undefined, { batchSize }: RunPlan, { hooks = [] }: PreparedOptions): string[] =>
  ranks
    ? [
        `${ranks.size} processes with a batch of ${batchSize} each: ${ranks.size * batchSize} images an iteration`,
        ...(hooks.length > 0 ? ['hooks are called in rank 0 alone: what they change, they change there'] : []),
      ]
    : [];

/** What all processes of a run must have beside the same parameters. */
const factsOf = ({ spec, plan, data, model }: FitSession): Facts => {
  const { work_dir, resume, launcher, ...config } = spec.config;
  return [
    ['batch size', String(plan.batchSize)],
    [`${plan.loop.unit}s`, String(plan.loop.total)],
    ['classes', model.classes.join(', ')],
    ['data', `${data.name} (${data.train.records.length} images)`],
    ...configFacts({ ...config, optim_wrapper: plan.optimWrapper, param_scheduler: plan.paramScheduler }),
  ];
};

/** A hook for the displays of the run and the callbacks passed to `fit`. */
const displayHook = ({ callbacks }: RunView, { onRecord, onStep }: PreparedOptions): TrainHook =>
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

/** @throws DetLabError when validation images are needed and there are none */
function watchedOf(data: LabDataset, { log, patience, valLoss, watch }: PreparedOptions): Watched | undefined {
  const asked = { patience, valLoss: valLoss || undefined, watch: watch || undefined };
  const [option] = Object.entries(asked).find(([, value]) => value !== undefined) ?? [];
  if (!data.val && option !== undefined)
    throw new DetLabError(
      `Cannot train with ${option}: "${data.name}" has no validation images. Use data.split(0.2), or leave ${option} out`,
    );
  return data.val && watchedImages(data.val, watch ?? (notebook() && !log ? WATCHED : 0));
}

/** `workDir`, the config's `work_dir`, or a folder of the recipe's name; undefined: nothing is written. */
function workDirOf({ config, name }: RecipeSpec, { workDir }: PreparedOptions): string | undefined {
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
