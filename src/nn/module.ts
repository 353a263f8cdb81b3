// Module: named parameters, buffers and children; train / eval; freezing by path; a state dict with PyTorch's names and
// layouts. Inside, filters are HWIO and activations NHWC, as in TensorFlow.js.

import * as tf from '@tensorflow/tfjs';
import picomatch from 'picomatch';
import { DetLabError, didYouMean } from '../errors';
import type { Random } from '../random';
import { dataOf } from './deferred-reads';
import type { Initializer } from './initializers';

/**
 * The relation of a tensor's layout to PyTorch's:
 * - `same`: identical shape and order (vectors, Linear [out, in])
 * - `conv`: here HWIO, there OIHW
 * - `linear-chw`: here [out, H*W*C], there [out, C*H*W]; a Linear that reads a flattened NHWC map
 */
export type Layout = { kind: 'same' } | { kind: 'conv' } | { kind: 'linear-chw'; chw: [number, number, number] };

/** A tensor of a module, in the engine's shape, not PyTorch's. */
export interface Parameter<R extends tf.Rank = tf.Rank> {
  variable: tf.Variable<R>;
  layout: Layout;
  kind: 'parameter' | 'buffer';
  /** False for buffers and for frozen or non-trainable parameters. */
  requiresGrad: boolean;
  initializer: Initializer;
}

/** A tensor of a checkpoint, in PyTorch's shape and order. */
export interface StateTensor {
  shape: number[];
  dtype: 'float32' | 'int32';
  data: Float32Array | Int32Array;
}

/** Parameters and buffers by their names in MMDetection, in torch's layouts. */
export type StateDict = Map<string, StateTensor>;

/** The outcome of `loadStateDict` by name. `mismatched` ones are unchanged. */
export interface LoadReport {
  loaded: string[];
  missing: string[];
  unexpected: string[];
  mismatched: { name: string; expected: number[]; received: number[] }[];
}

type Ranks = [tf.Rank.R0, tf.Rank.R1, tf.Rank.R2, tf.Rank.R3, tf.Rank.R4, tf.Rank.R5, tf.Rank.R6];
/** The rank of a shape: known for a tuple. */
type RankOf<S extends readonly number[]> = number extends S['length']
  ? tf.Rank
  : Ranks[S['length'] & keyof Ranks & number];

/** The base of all layers and models: parameters, buffers and children by name, as torch.nn.Module. */
export abstract class Module {
  /** Set by `train()` and `eval()`; a frozen module stays in evaluation mode. */
  training = false;
  frozen = false;
  private readonly parameters_ = new Map<string, Parameter>();
  private readonly children_ = new Map<string, Module>();

  /** Adds a trainable tensor with engine shape `shape`, initialised by `initWeights`. */
  protected addParameter<const S extends readonly number[]>(
    name: string,
    shape: S,
    initializer: Initializer,
    layout: Layout = { kind: 'same' },
    requiresGrad = true,
  ): Parameter<RankOf<S>> {
    return this.add(name, shape, initializer, layout, 'parameter', requiresGrad, 'float32');
  }

  /** Adds a tensor that is saved but not trained (running statistics). */
  protected addBuffer<const S extends readonly number[]>(
    name: string,
    shape: S,
    initializer: Initializer,
    dtype: 'float32' | 'int32' = 'float32',
  ): Parameter<RankOf<S>> {
    return this.add(name, shape, initializer, { kind: 'same' }, 'buffer', false, dtype);
  }

  private add<R extends tf.Rank>(
    name: string,
    shape: readonly number[],
    initializer: Initializer,
    layout: Layout,
    kind: Parameter['kind'],
    requiresGrad: boolean,
    dtype: 'float32' | 'int32',
  ): Parameter<R> {
    const variable = tf.tidy(() => tf.variable(tf.zeros<R>(shape as tf.ShapeMap[R], dtype), kind === 'parameter'));
    const parameter: Parameter<R> = { variable, layout, kind, requiresGrad, initializer };
    this.parameters_.set(name, parameter);
    return parameter;
  }

  /** Adds a child; dots in `name` are allowed (`downsample.0`), as in PyTorch's Sequential. */
  protected addChild<T extends Module>(name: string, module: T): T {
    this.children_.set(name, module);
    return module;
  }

  /** Takes a child or a tensor away and frees it. */
  protected remove(name: string): void {
    this.children_.get(name)?.dispose();
    this.children_.delete(name);
    this.parameters_.get(name)?.variable.dispose();
    this.parameters_.delete(name);
  }

  children(): IterableIterator<[string, Module]> {
    return this.children_.entries();
  }

  /** Every tensor under this module with its dotted path, in state-dict order. */
  *named(prefix = ''): Generator<[string, Parameter]> {
    for (const [name, parameter] of this.parameters_) yield [prefix + name, parameter];
    for (const [name, child] of this.children_) yield* child.named(`${prefix}${name}.`);
  }

  /** Every module under this one with its dotted path; the first is this one, with path ''. */
  *modules(prefix = ''): Generator<[string, Module]> {
    yield [prefix, this];
    for (const [name, child] of this.children_) yield* child.modules(prefix ? `${prefix}.${name}` : name);
  }

  /** The same without duplicates: a shared tensor only under its first name. */
  private *distinct(): Generator<[string, Parameter]> {
    const seen = new Set<Parameter>();
    for (const [name, parameter] of this.named()) {
      if (seen.has(parameter)) continue;
      seen.add(parameter);
      yield [name, parameter];
    }
  }

  /** The tensors to optimise, in state-dict order. */
  trainable(): [string, Parameter][] {
    return [...this.distinct()].filter(([, p]) => p.kind === 'parameter' && p.requiresGrad);
  }

  parameterCount(): number {
    let count = 0;
    for (const [, p] of this.distinct()) if (p.kind === 'parameter') count += p.variable.size;
    return count;
  }

  /** Initialises every tensor; a seed gives the same weights on every engine. */
  initWeights(random: Random): void {
    for (const [, p] of this.distinct()) {
      const values = p.initializer(p.variable.shape, random);
      tf.tidy(() => p.variable.assign(tf.tensor(values, p.variable.shape, p.variable.dtype as 'float32')));
    }
  }

  /** Sets training mode on or off for this module and its descendants; frozen modules stay in evaluation mode. */
  train(mode = true): this {
    this.training = mode && !this.frozen;
    for (const child of this.children_.values()) child.train(mode);
    return this;
  }

  eval(): this {
    return this.train(false);
  }

  /**
   * Freezes everything at or below the paths matching `pattern` (`backbone.layer1`, `neck.*`): parameters get no gradient,
   * batch-norm statistics are not updated. Returns the number of frozen parameters.
   * @throws DetLabError when nothing matches.
   */
  freeze(pattern?: string): number {
    return this.setFrozen(true, pattern);
  }

  unfreeze(pattern?: string): number {
    return this.setFrozen(false, pattern);
  }

  private setFrozen(frozen: boolean, pattern = ''): number {
    const covers = pathCover(pattern);
    let count = 0;
    let anyMatch = false;
    for (const [path, module] of this.modules()) {
      if (path !== '' ? covers(path) : pattern === '') {
        module.frozen = frozen;
        if (frozen) module.training = false;
        anyMatch = true;
      }
    }
    for (const [path, parameter] of this.named()) {
      if (!covers(path)) continue;
      anyMatch = true;
      if (parameter.kind !== 'parameter') continue;
      parameter.requiresGrad = !frozen;
      count += parameter.variable.size;
    }
    if (!anyMatch) {
      const paths = [...this.modules()].map(([path]) => path).filter(Boolean);
      const inside = paths.filter((path) => path.endsWith(`.${pattern}`)).map((path) => `"${path}"`);
      const meant =
        inside.length > 0 ? ` Did you mean ${inside.slice(0, 3).join(' or ')}?` : didYouMean(pattern, paths);
      throw new DetLabError(
        `Cannot ${frozen ? 'freeze' : 'unfreeze'} "${pattern}": no module or parameter has this path.` +
          `${meant} Top-level modules: ${[...this.children_.keys()].map((k) => `"${k}"`).join(', ')}`,
      );
    }
    return count;
  }

  /** All tensors in PyTorch's names, order, shapes and layouts, read back from the engine. */
  stateDict(): StateDict {
    const state: StateDict = new Map();
    for (const [name, p] of this.named()) state.set(name, toState(p));
    return state;
  }

  /** Copies the tensors that match in name and shape; the report lists the rest. */
  loadStateDict(state: StateDict): LoadReport {
    const report: LoadReport = { loaded: [], missing: [], unexpected: [], mismatched: [] };
    const known = new Set<string>();
    for (const [name, p] of this.named()) {
      known.add(name);
      const tensor = state.get(name);
      const expected = torchShape(p);
      if (!tensor) report.missing.push(name);
      else if (tensor.shape.join() !== expected.join())
        report.mismatched.push({ name, expected, received: tensor.shape });
      else {
        assignState(p, tensor);
        report.loaded.push(name);
      }
    }
    for (const name of state.keys()) if (!known.has(name)) report.unexpected.push(name);
    if (report.missing.length > 0) this.fillFromOthers(report);
    return report;
  }

  private fillFromOthers(report: LoadReport): void {
    for (const [path, module] of this.modules()) {
      const prefix = path ? `${path}.` : '';
      const ofModule = report.missing.filter(
        (name) => name.startsWith(prefix) && !name.slice(prefix.length).includes('.'),
      );
      if (ofModule.length === 0) continue;
      const filled = module.fillMissing(ofModule.map((name) => name.slice(prefix.length))).map((name) => prefix + name);
      report.missing = report.missing.filter((name) => !filled.includes(name));
    }
  }

  /** Derives tensors of this module that a checkpoint lacks from those that were loaded; returns the names it set. */
  fillMissing(_missing: readonly string[]): string[] {
    return [];
  }

  /** Frees every tensor under this module. */
  dispose(): void {
    // a shared module is freed once
    for (const { variable } of this.parameters_.values()) if (!variable.isDisposed) variable.dispose();
    for (const child of this.children_.values()) child.dispose();
  }
}

/** The tensor's shape in PyTorch. */
export function torchShape(p: Parameter): number[] {
  const s: number[] = p.variable.shape;
  return p.layout.kind === 'conv' ? [s[3], s[2], s[0], s[1]] : [...s];
}

/** The tensor in PyTorch's layout. */
export function toState(p: Parameter): StateTensor {
  const state = { shape: torchShape(p), dtype: p.variable.dtype as StateTensor['dtype'] };
  return Object.assign(
    dataOf(p.variable, (tensor) => torchData(p, tensor)),
    state,
  );
}

function torchData({ layout }: Parameter, tensor: tf.Tensor): StateTensor['data'] {
  if (tensor.dtype === 'int32') return tensor.dataSync<'int32'>().slice();
  // not returned through tidy, which would search every element for tensors
  let data = new Float32Array();
  tf.tidy(() => {
    let v = tensor;
    if (layout.kind === 'conv') v = tf.transpose(v, [3, 2, 0, 1]);
    if (layout.kind === 'linear-chw') {
      const [c, h, w] = layout.chw;
      v = tf.transpose(v.reshape([tensor.shape[0], h, w, c]), [0, 3, 1, 2]);
    }
    data = v.dataSync<'float32'>().slice();
  });
  return data;
}

/** Assigns a tensor in PyTorch's layout; shapes must match. */
export function assignState(p: Parameter, tensor: StateTensor): void {
  tf.tidy(() => {
    const dtype = p.variable.dtype as 'float32' | 'int32';
    let value: tf.Tensor = tf.tensor(tensor.data, tensor.shape, dtype);
    if (p.layout.kind === 'conv') value = tf.transpose(value, [2, 3, 1, 0]);
    if (p.layout.kind === 'linear-chw') {
      const [c, h, w] = p.layout.chw;
      value = tf.transpose(value.reshape([tensor.shape[0], c, h, w]), [0, 2, 3, 1]).reshape(tensor.shape);
    }
    p.variable.assign(value);
  });
}

/** Whether a dotted path is what a pattern means, or inside of it: `backbone.layer*` matches one level, `**` any depth; '': all. */
export function pathCover(pattern: string): (path: string) => boolean {
  if (pattern === '') return () => true;
  const matches = picomatch(pattern.replaceAll('.', '/'));
  return (path) => {
    const parts = path.split('.');
    return parts.some((_, i) => matches(parts.slice(0, i + 1).join('/')));
  };
}
