// mmengine's OptimWrapper and AmpOptimWrapper: gradient clipping, accumulation over iterations and mixed precision around
// an optimizer. float16 scales the loss so that small gradients survive (dynamic, as torch's GradScaler); bfloat16 has
// float32's range and needs no scale.

import * as tf from '@tensorflow/tfjs';
import { type ModuleConfig, Registry } from '../catalogue/registry';
import { engine, type Precision } from '../engine';
import { listHolder } from '../engine/memory-holders';
import { ownedTensors } from '../engine/owned-tensors';
import { DetLabError } from '../errors';
import { assignState, type Module, type Parameter, type StateDict, toState } from '../nn/module';
import { layerDecayGroups } from './layer-decay-groups';
import { LossScale } from './loss-scale';
import type { Optimizer } from './optimizers/optimizer';
import { parameterGroups, yolov5Groups } from './parameter-groups';
import { constructorKind, optimWrappers } from './runtime/optim-wrappers';

/** `type` may be left out: OptimWrapper. */
export type OptimWrapperConfig = { type?: string } & Record<string, unknown>;

const WRAPPERS = new Registry(optimWrappers);

/** What one iteration's update did. */
export interface UpdateReport {
  /** Norm of the gradients before clipping; undefined where nothing clips or no step was due. */
  gradNorm?: number;
  /** False while gradients accumulate, and when float16 overflowed and the step was left out. */
  stepped: boolean;
}

/**
 * The parameter groups of a config with their first learning rates, and what else of it the wrapper reads.
 *
 * @throws DetLabError for an unknown option, or nothing to train
 */
export function plannedGroups(
  model: Module,
  config: OptimWrapperConfig,
  registry: Registry,
  parameters?: readonly [string, Parameter][],
) {
  const wrapper: ModuleConfig = { type: 'OptimWrapper', ...config };
  const parsed = WRAPPERS.build('optim_wrapper', wrapper, { path: 'optim_wrapper' });
  const plan = registry.build('optimizer', parsed.optimizer, { path: 'optim_wrapper.optimizer' });
  const paramwise = parsed.paramwise_cfg ?? undefined;
  const { momentum, batch_size_per_gpu: batchSize } = parsed.optimizer;
  const kind = constructorKind(parsed.constructor);
  const groups =
    kind === 'YOLO'
      ? yolov5Groups(model, plan, paramwise, batchSize as number | undefined, parameters)
      : kind === 'layers'
        ? layerDecayGroups(model, plan, paramwise ?? {}, parameters)
        : parameterGroups(model, plan, paramwise, parameters);
  if (groups.length === 0)
    throw new DetLabError('Cannot train: every parameter of the model is frozen. Unfreeze a part of it first');
  return {
    groups,
    parsed,
    plan,
    momentum: typeof momentum === 'number' ? momentum : undefined,
    scheduledMomentum: plan.momentum,
  };
}

export class OptimWrapper {
  readonly optimizer: Optimizer;
  readonly precision: Precision;
  /** The optimizer's momentum, where it has one. */
  readonly momentum?: number;
  /** What schedules of the momentum move: that, or the first beta of Adam. */
  readonly scheduledMomentum?: number;
  private readonly clip?: { max_norm: number };
  private readonly counts: number;
  private readonly scale?: LossScale;
  private sums?: (tf.Variable | undefined)[];
  private inner = 0;
  private isJoined = false;

  /**
   * @param precision overrides the config's: `--amp` on a config without it
   * @param parameters those that ever train, in state-dict order; those that train now when absent
   * @param maxIterations of the whole run: the last steps of an accumulation that does not divide it are weighted right
   * @throws DetLabError for an unknown option, nothing to train, or a precision the engine has not
   */
  constructor(
    model: Module,
    config: OptimWrapperConfig,
    registry: Registry,
    private readonly maxIterations: number,
    precision?: Precision,
    parameters?: readonly [string, Parameter][],
  ) {
    const { groups, momentum, parsed, plan, scheduledMomentum } = plannedGroups(model, config, registry, parameters);
    this.precision = precision ?? (parsed.mixed ? (parsed.dtype ?? 'bfloat16') : 'float32');
    const offered = [...engine().precisions, ...engine().memoryPrecisions];
    if (!offered.includes(this.precision))
      throw new DetLabError(
        `Cannot train in ${this.precision}: the engine "${engine().description}" offers ${offered.join(', ')}. ` +
          `Leave out amp, or start another engine`,
      );
    if (this.precision === 'float16') this.scale = new LossScale(parsed.loss_scale ?? 'dynamic');
    this.optimizer = plan.create(groups);
    const name = model.constructor.name;
    const { type } = parsed.optimizer;
    listHolder(this, (wrapper) => ({ kind: 'optimizer', name, type, tensors: wrapper.tensors() }));
    this.momentum = momentum;
    this.scheduledMomentum = scheduledMomentum;
    this.clip = parsed.clip_grad ?? undefined;
    this.counts = parsed.accumulative_counts;
  }

  /** The variables to differentiate by, in the order of the optimizer's groups: those that train now. */
  get variables(): tf.Variable[] {
    return this.optimizer.groups.filter((g) => g.parameter.requiresGrad).map((g) => g.parameter.variable);
  }

  /** What the loss is multiplied by before it is differentiated. */
  lossFactor(): number {
    return (this.scale?.value ?? 1) / this.share();
  }

  /** Whether several iterations share a step. */
  get accumulates(): boolean {
    return this.counts > 1;
  }

  /** Whether the next `update` makes a step. */
  get isDue(): boolean {
    const next = this.inner + 1;
    return next % this.counts === 0 || next === this.maxIterations;
  }

  /**
   * The gradients of an iteration whose step is due with those of the iterations before it, in the order of `variables`; what
   * `update` is then given counts for all of them. For ranks that exchange what they have accumulated once a step.
   */
  joined(given: (tf.Tensor | undefined)[]): (tf.Tensor | undefined)[] {
    const trained = this.optimizer.groups.flatMap(({ parameter }, i) =>
      parameter.requiresGrad ? [this.sums?.[i]] : [],
    );
    const joined = given.map((gradient, k) => {
      const sum = trained[k];
      return sum ? tf.tidy(() => tf.clone(gradient ? tf.add(sum, gradient) : sum)) : gradient;
    });
    for (const [k, gradient] of given.entries()) if (gradient !== joined[k]) gradient?.dispose();
    this.isJoined = true; // the sums stay until the step: a run whose ranks do not answer is still inside the accumulation
    return joined;
  }

  /** Iterations that share the step this iteration belongs to. */
  private share(): number {
    const remainder = this.maxIterations % this.counts;
    return this.inner < this.maxIterations - remainder ? this.counts : remainder;
  }

  /**
   * Takes the gradients of one iteration (and disposes them), and steps when one is due.
   * @param given gradients by variable, in the order of `variables`
   * @throws DetLabError when the gradients are not finite; the weights are as they were
   */
  update(given: (tf.Tensor | undefined)[]): UpdateReport {
    // frozen parameters have none: the optimizer leaves them and their state alone
    let next = 0;
    const gradients = this.optimizer.groups.map((g) => (g.parameter.requiresGrad ? given[next++] : undefined));
    const due = this.isDue;
    this.inner++;
    let current = gradients;
    if (this.accumulates && !this.isJoined) {
      this.accumulate(gradients);
      if (!due) return { stepped: false };
      current = this.sums!.map((sum) => sum && tf.tidy(() => tf.clone(sum)));
    }
    this.dropSums();
    this.isJoined = false;
    try {
      return this.step(current);
    } finally {
      for (const gradient of current) gradient?.dispose();
    }
  }

  private step(gradients: (tf.Tensor | undefined)[]): UpdateReport {
    const present = gradients.flatMap((g, i) => (g ? [i] : []));
    let norm: number | undefined;
    let used = gradients;
    const owned: tf.Tensor[] = [];
    if (this.scale) {
      const factor = 1 / this.scale.value;
      used = gradients.map((g) => g && tf.tidy(() => tf.mul(g, factor)));
      owned.push(...used.filter((g) => g !== undefined));
    }
    if (this.clip || this.scale) {
      const clipped = engine().clipGradNorm(
        present.map((i) => used[i]!),
        this.clip?.max_norm ?? Number.MAX_VALUE,
      );
      norm = clipped.norm;
      used = used.slice();
      for (const [k, i] of present.entries()) {
        const gradient = clipped.gradients[k];
        if (gradient !== used[i]) owned.push(gradient);
        used[i] = gradient;
      }
    }
    const finite = norm === undefined || Number.isFinite(norm);
    if (finite) this.optimizer.step(used);
    for (const tensor of owned) tensor.dispose();
    if (this.scale) this.scale.update(finite);
    else if (!finite) throw new DetLabError(`the gradients are not finite (their norm is ${norm})`);
    return { gradNorm: this.clip ? norm : undefined, stepped: finite };
  }

  private accumulate(gradients: (tf.Tensor | undefined)[]): void {
    const sums = (this.sums ??= gradients.map(() => undefined));
    for (const [i, gradient] of gradients.entries()) {
      if (!gradient) continue;
      const sum = sums[i];
      if (sum) tf.tidy(() => sum.assign(tf.add(sum, gradient)));
      else sums[i] = tf.tidy(() => tf.variable(gradient, false));
      gradient.dispose();
    }
  }

  /** Whether iterations have been accumulated whose step is still to come. */
  get isInside(): boolean {
    return this.sums !== undefined;
  }

  /** The sums of an accumulation so far, in the order of `variables`; they stay the wrapper's. */
  accumulated(): (tf.Tensor | undefined)[] {
    return this.optimizer.groups.flatMap(({ parameter }, i) => (parameter.requiresGrad ? [this.sums?.[i]] : []));
  }

  /** Puts others in place of them (and disposes them); none: the step will be of the iterations to come alone. */
  replaceAccumulated(given: readonly (tf.Tensor | undefined)[] | undefined): void {
    this.dropSums();
    if (!given) return;
    let next = 0;
    this.sums = this.optimizer.groups.map(({ parameter }) => {
      const sum = parameter.requiresGrad ? given[next++] : undefined;
      const variable = sum && tf.tidy(() => tf.variable(sum, false));
      sum?.dispose();
      return variable;
    });
  }

  private dropSums(): void {
    for (const sum of this.sums ?? []) sum?.dispose();
    this.sums = undefined;
  }

  /** The optimizer's tensors and, inside an accumulation, the sums so far. */
  stateDict(): StateDict {
    const state = this.optimizer.stateDict();
    for (const [i, group] of this.optimizer.groups.entries()) {
      const sum = this.sums?.[i];
      if (sum) state.set(`gradient.${group.name}`, toState({ ...group.parameter, variable: sum }));
    }
    return state;
  }

  /** Numbers that belong to a checkpoint beside the tensors. */
  counters(): { inner: number; scale?: [number, number] } {
    return { inner: this.inner, scale: this.scale?.state() };
  }

  /** @param state undefined where it was not saved: the optimizer starts anew */
  restore(state: StateDict | undefined, counters: { inner: number; scale?: [number, number] }): void {
    if (state) this.optimizer.loadStateDict(new Map([...state].filter(([name]) => !name.startsWith('gradient.'))));
    this.dropSums();
    if (state && [...state.keys()].some((name) => name.startsWith('gradient.'))) {
      this.sums = this.optimizer.groups.map((group) => {
        const tensor = state.get(`gradient.${group.name}`);
        if (!tensor) return undefined;
        const variable = tf.tidy(() => tf.variable(tf.zeros(group.parameter.variable.shape), false));
        assignState({ ...group.parameter, variable }, tensor);
        return variable;
      });
    }
    this.inner = counters.inner;
    if (counters.scale) this.scale?.restore(counters.scale);
  }

  /** State of the optimizer, and sums of gradients; not the parameters. */
  private tensors(): tf.Tensor[] {
    const { groups: _, ...state } = this.optimizer;
    return ownedTensors([state, this.sums ?? []]);
  }

  dispose(): void {
    this.dropSums();
    this.optimizer.dispose();
  }
}
