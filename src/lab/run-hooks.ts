// `fit(data, { hooks: [{ afterIteration(event) {} }] })`: the user's code at the points of a run. What fails in it is named in the
// log and left out from there on; the run goes on, since hours of training are worth more than a counter.

import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { DetLabError, didYouMean, nameOfValue, nearest } from '../errors';
import type { History } from '../training/history';
import type { TrainHook, TrainIteration } from '../training/hooks/hook';
import { PRIORITIES, priorityValue } from '../training/hooks/priority';
import type { TrainRun } from '../training/train-run';
import type { Model } from './model';

/** Where a run is, and what a hook may ask of it. */
export interface RunEvent {
  /** Its name is that of the recipe; its weights are those of the moment. It may predict, also in the middle of an epoch. */
  readonly model: Model;
  /** What the run is counted in: its loop's unit. */
  readonly unit: 'epoch' | 'iteration';
  /** The epoch in hand, from 1; in a run counted in iterations, the pass over the data. */
  readonly epoch: number;
  /** Iterations done, of the epoch and of the run. */
  readonly iteration: number;
  readonly step: number;
  readonly maxEpochs: number;
  readonly maxSteps: number;
  readonly batchesPerEpoch: number;
  /** Learning rate of the first parameters. */
  readonly lr: number;
  /** Records of the log so far, with MMDetection's names. */
  readonly history: History;
  /** The run's folder; undefined where nothing is written. */
  readonly workDir: string | undefined;
  /** Adds a line to the log. */
  log(line: string): void;
  /** Ends the run after the epoch in hand (the iteration, where those are counted), as early stopping does. */
  stop(reason?: string): void;
}

/** An iteration that begins. */
export interface BatchEvent extends RunEvent {
  /** Files of the images of its batch. */
  readonly images: readonly string[];
}

/** An iteration that is done. */
export interface IterationEvent extends BatchEvent {
  /** `loss` (the sum) and its parts, not smoothed. */
  readonly losses: Readonly<Record<string, number>>;
  /** Norm of the gradients before clipping, where they are clipped. */
  readonly gradNorm: number | undefined;
  /** Seconds of the iteration, of them the wait for images, and to the end of training; not known before priority 52. */
  readonly time: number;
  readonly dataTime: number;
  readonly eta: number;
}

/** An evaluation that is done. */
export interface ValidationEvent extends RunEvent {
  /** By their names in the log (`coco/bbox_mAP`); more of them can be added. */
  readonly metrics: Record<string, number>;
}

/** The end of a run, whatever ended it. */
export interface RunEndEvent extends RunEvent {
  readonly ended: 'finished' | 'interrupted' | 'failed';
}

type Done = unknown | Promise<unknown>;

/**
 * Code of your own at the points of a run. Promises are awaited; Stop does not wait for them.
 *
 * @example await recipe.fit(data, { hooks: [{ afterIteration: ({ step, losses }) => console.log(step, losses.loss) }] })
 */
export interface RunHook {
  /** For messages: `hook 1` by default. */
  name?: string;
  /** Order among the hooks of the run: 0 (first) to 100 (last), or a level of mmengine's. 59 by default, before the log's line. */
  priority?: number | keyof typeof PRIORITIES;
  /** Once, before the first iteration; a resumed run has its weights by then. Here an error ends the run: nothing is lost yet. */
  beforeRun?(event: RunEvent): Done;
  /** A run counted in iterations is one epoch, as in mmengine. */
  beforeEpoch?(event: RunEvent): Done;
  beforeIteration?(event: BatchEvent): Done;
  afterIteration?(event: IterationEvent): Done;
  afterEpoch?(event: RunEvent): Done;
  beforeValidation?(event: RunEvent): Done;
  afterValidation?(event: ValidationEvent): Done;
  afterRun?(event: RunEndEvent): Done;
}

type Point = Exclude<keyof RunHook, 'name' | 'priority'>;

export const POINTS = [
  'beforeRun',
  'beforeEpoch',
  'beforeIteration',
  'afterIteration',
  'afterEpoch',
  'beforeValidation',
  'afterValidation',
  'afterRun',
] as const satisfies readonly Point[];
const isPoint = (name: string): name is Point => (POINTS as readonly string[]).includes(name);

/** What mmengine and others call these points. */
const ELSEWHERE: Record<string, Point> = {
  beforeTrain: 'beforeRun',
  beforeTrainEpoch: 'beforeEpoch',
  beforeTrainIter: 'beforeIteration',
  afterTrainIter: 'afterIteration',
  afterTrainEpoch: 'afterEpoch',
  beforeVal: 'beforeValidation',
  beforeValEpoch: 'beforeValidation',
  afterVal: 'afterValidation',
  afterValEpoch: 'afterValidation',
  afterTrain: 'afterRun',
  onEpochBegin: 'beforeEpoch',
  onEpochEnd: 'afterEpoch',
  onBatchBegin: 'beforeIteration',
  onBatchEnd: 'afterIteration',
};

/** What went wrong in a hook. */
export interface HookError {
  hook: string;
  point: Point;
  /** How often it was called before. */
  calls: number;
  message: string;
}

/**
 * @throws DetLabError for a hook without a point, or with one that is none, with the nearest name
 * @example checkHooks([{ afterIteration() {} }])
 */
export function checkHooks(hooks: unknown): void {
  if (!Array.isArray(hooks))
    throw new DetLabError(
      `Cannot train: expected hooks as a list, hooks: [{ afterIteration(event) {} }], received ${nameOfValue(hooks)}`,
    );
  for (const [i, hook] of hooks.entries()) checkHook(hook, `hooks[${i}]`);
}

function checkHook(hook: unknown, at: string): void {
  if (typeof hook !== 'object' || hook === null || Array.isArray(hook))
    throw new DetLabError(
      `Cannot train with ${at}: expected an object with points such as afterIteration(event), received ${nameOfValue(hook)}`,
    );
  if ('type' in hook)
    throw new DetLabError(
      `Cannot train with ${at}: ${nameOfValue(hook.type)} is a hook of a config. Add it there: ` +
        "recipe.set({ custom_hooks: [{ type: 'EMAHook' }] })",
    );
  const names = methodsOf(hook);
  const isPlain = Object.getPrototypeOf(hook) === Object.prototype || Object.getPrototypeOf(hook) === null;
  // a class may have methods of its own, unless they look like a point
  const wrong = names.find((name) => !isPoint(name) && (isPlain || looksLikePoint(name)));
  if (wrong !== undefined)
    throw new DetLabError(
      `Cannot train with ${at}: a run has no point "${wrong}".${suggestion(wrong)} Its points are ${POINTS.join(', ')}`,
    );
  for (const point of POINTS) {
    const value: unknown = Reflect.get(hook, point);
    if (value !== undefined && typeof value !== 'function')
      throw new DetLabError(`Cannot train with ${at}: expected a function as ${point}, received ${nameOfValue(value)}`);
  }
  if (!names.some(isPoint))
    throw new DetLabError(`Cannot train with ${at}: expected one of ${POINTS.join(', ')}, received none`);
  checkPriority((hook as RunHook).priority, at);
}

function checkPriority(priority: RunHook['priority'], at: string): void {
  const isLevel = typeof priority === 'string' && priority.toUpperCase() in PRIORITIES;
  const isNumber = Number.isInteger(priority) && Number(priority) >= 0 && Number(priority) <= 100;
  if (priority === undefined || isLevel || isNumber) return;
  throw new DetLabError(
    `Cannot train with ${at}: expected a priority from 0 (first) to 100 (last) or one of ` +
      `${Object.keys(PRIORITIES).join(', ')}, received ${nameOfValue(priority)}`,
  );
}

const looksLikePoint = (name: string): boolean =>
  /^(before|after|on)[_A-Z]/.test(name) || nearest(name, POINTS) !== undefined;

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

function suggestion(name: string): string {
  const meant = ELSEWHERE[camel(name)] ?? POINTS.find((point) => point.startsWith(camel(name)));
  return meant === undefined ? didYouMean(name, POINTS) : ` Did you mean "${meant}"?`;
}

/** Names of the functions of an object, those of its classes included. */
function methodsOf(hook: object): string[] {
  const names = new Set<string>();
  for (let at: object | null = hook; at && at !== Object.prototype; at = Object.getPrototypeOf(at))
    for (const name of Object.getOwnPropertyNames(at))
      if (name !== 'constructor' && typeof Reflect.get(hook, name) === 'function') names.add(name);
  return [...names];
}

/** The hook of a run that calls one of the user's. */
export class UserHook implements TrainHook {
  readonly name: string;
  priority: number;
  private readonly calls = new Map<Point, number>();
  private readonly failed = new Set<Point>();
  private hasBegun = false;

  constructor(
    private readonly hook: RunHook,
    index: number,
    private readonly model: Model,
    private readonly errors: HookError[],
  ) {
    this.name = hook.name ?? `hook ${index + 1}`;
    this.priority = hook.priority === undefined ? PRIORITIES.BELOW_NORMAL - 1 : priorityValue(hook.priority);
  }

  async beforeTrain(run: TrainRun): Promise<void> {
    this.hasBegun = true;
    await this.call('beforeRun', run, {});
  }

  async beforeTrainEpoch(run: TrainRun): Promise<void> {
    await this.call('beforeEpoch', run, {});
  }

  async beforeTrainIter(run: TrainRun, samples: TrainIteration['samples']): Promise<void> {
    if (this.hook.beforeIteration) await this.call('beforeIteration', run, { images: filesOf(samples) });
  }

  async afterTrainIter(run: TrainRun, iteration: TrainIteration): Promise<void> {
    if (!this.hook.afterIteration) return;
    const { dataTime, eta, gradNorm, lr, samples, scalars, time } = iteration;
    const done = { images: filesOf(samples), losses: scalars, gradNorm, lr, time, dataTime, eta };
    await this.call('afterIteration', run, done);
  }

  /** The epoch that has ended is counted by now. */
  async afterTrainEpoch(run: TrainRun): Promise<void> {
    const { loop, state } = run;
    const place = loop.unit === 'epoch' ? { epoch: state.epoch, iteration: run.loader.length } : {};
    await this.call('afterEpoch', run, place);
  }

  async beforeVal(run: TrainRun): Promise<void> {
    await this.call('beforeValidation', run, evaluatedPlace(run));
  }

  async afterVal(run: TrainRun, metrics: Record<string, number> | undefined): Promise<void> {
    if (metrics) await this.call('afterValidation', run, { ...evaluatedPlace(run), metrics });
  }

  async afterRun(run: TrainRun): Promise<void> {
    if (!this.hasBegun) return;
    const ended = run.signal?.aborted ? 'interrupted' : run.interrupted ? 'failed' : 'finished';
    await this.call('afterRun', run, { ended } satisfies Pick<RunEndEvent, 'ended'>);
  }

  /** @throws DetLabError for an error before the first iteration alone */
  private async call(
    point: Point,
    run: TrainRun,
    more: Partial<IterationEvent & ValidationEvent & RunEndEvent>,
  ): Promise<void> {
    const { hook } = this;
    const method = hook[point] as ((event: RunEvent) => Done) | undefined;
    if (!method || this.failed.has(point)) return;
    const calls = this.calls.get(point) ?? 0;
    this.calls.set(point, calls + 1);
    const { training } = run.detector;
    try {
      const done = method.call(hook, { ...this.eventOf(run), ...more });
      // also a promise of the notebook's own realm
      if (typeof (done as Promise<unknown> | undefined)?.then === 'function')
        await untilStopped(Promise.resolve(done), run.signal);
    } catch (error) {
      if (point === 'beforeRun') throw this.errorOf(error, point);
      this.report(run, { hook: this.name, point, calls, message: messageOf(error) });
    } finally {
      // a prediction leaves the model in evaluation mode
      if (run.detector.training !== training) run.detector.train(training);
    }
  }

  private errorOf(error: unknown, point: Point): DetLabError {
    return new DetLabError(`Cannot train: "${this.name}" failed in ${point}: ${messageOf(error)}`, { cause: error });
  }

  private report(run: TrainRun, error: HookError): void {
    this.failed.add(error.point);
    this.errors.push(error);
    const { step } = run.state;
    run.log(
      `"${this.name}" failed in ${error.point} after iteration ${step}: ${error.message}. ` +
        `The run goes on without its ${error.point}`,
    );
  }

  private eventOf(run: TrainRun): RunEvent {
    const { loader, loop, maxIterations, state, workDir } = run;
    return {
      model: this.model,
      unit: loop.unit,
      epoch: state.epoch + 1,
      iteration: state.iteration,
      step: state.step,
      maxEpochs: Math.ceil(maxIterations / loader.length),
      maxSteps: maxIterations,
      batchesPerEpoch: loader.length,
      lr: state.wrapper.optimizer.groups[0].lr,
      history: state.history,
      workDir,
      log: (line) => run.log(String(line)),
      stop: (reason) => {
        run.stopTraining = true;
        run.log(
          `"${this.name}" ends the run after ${loop.unit === 'epoch' ? 'this epoch' : 'this iteration'}${reason === undefined ? '' : `: ${reason}`}`,
        );
      },
    };
  }
}

/** An evaluation is made when its epoch has been counted. */
const evaluatedPlace = ({ loader, loop, state }: TrainRun) =>
  loop.unit === 'epoch' && state.iteration === 0 ? { epoch: state.epoch, iteration: loader.length } : {};

const filesOf = (samples: TrainIteration['samples']): string[] => samples.map(({ meta }) => meta.imgPath);

/** Message and place of an error: the first line of its stack that is the user's. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const at = error.stack
    ?.split('\n')
    .find((line) => /^\s+at /.test(line))
    ?.trim();
  return at === undefined || error instanceof DetLabError ? error.message : `${error.message} (${at})`;
}

/** How long a hook has left when the run is stopped. */
const STOPPED_MS = 500;

/** Resolves with `work`, or soon after the run is stopped: a hook that hangs does not keep Stop from ending it. */
async function untilStopped(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return void (await work);
  const done = new AbortController();
  const stopped = async (): Promise<void> => {
    if (!signal.aborted) await once(signal, 'abort', { signal: done.signal });
    await setTimeout(STOPPED_MS, undefined, { signal: done.signal });
  };
  work.catch(() => {}); // what fails after that is nobody's any more
  try {
    await Promise.race([work, stopped()]);
  } finally {
    done.abort();
  }
}
