// The outputs of layers while a model runs: read, or changed on the way. A layer is a module by its path in the model; its
// `forward` is replaced on the instance for the time of one call.

import * as tf from '@tensorflow/tfjs';
import { DetLabError, didYouMean } from '../errors';
import type { Module } from '../nn/module';
import { layersOf, replaceForward } from '../nn/replace-forward';

export { layersOf };

/** Feature maps of one call of a layer, [N, H, W, C] each; returns those that take their place. */
export type OutputHook = (outputs: tf.Tensor[], call: number) => tf.Tensor[];

/**
 * Checks the path of a layer.
 * @throws DetLabError with the nearest path and those at the level where the given one leaves the model
 */
export function checkLayer(root: Module, path: string, what: string): void {
  const all = [...root.modules()].map(([name]) => name).filter(Boolean);
  if (all.includes(path)) return;
  const parts = path.split('.');
  const known = parts.map((_, i) => parts.slice(0, i).join('.')).findLast((start) => all.includes(start));
  const start = known ? `${known}.` : '';
  const inside = all.filter((name) => name.startsWith(start) && !name.slice(start.length).includes('.'));
  throw new DetLabError(
    `Cannot ${what} at "${path}": the model has no such layer.${didYouMean(path, all)} ` +
      `${known ? `"${known}" has` : 'The model has'} ${inside.slice(0, 20).join(', ')}${inside.length > 20 ? ', ...' : ''}`,
  );
}

/** Tensors of an output: a tensor, or a list of them; undefined for anything else. */
function tensorsOf(output: unknown): tf.Tensor[] | undefined {
  if (output instanceof tf.Tensor) return [output];
  return Array.isArray(output) && output.every((one) => one instanceof tf.Tensor) ? output : undefined;
}

/**
 * Runs `f` while `hooks` receive the outputs of layers, by path.
 *
 * @throws DetLabError for a layer whose output is not feature maps
 */
export function withOutputs<T>(root: Module, hooks: ReadonlyMap<string, OutputHook>, f: () => T): T {
  const layers = layersOf(root);
  const restore: (() => void)[] = [];
  for (const [path, hook] of hooks) {
    const layer = layers.get(path);
    if (!layer) continue;
    let call = 0;
    restore.push(
      replaceForward(layer, (forward, given) => {
        const output = forward(...given);
        const tensors = tensorsOf(output);
        if (!tensors)
          throw new DetLabError(
            `Cannot look at "${path}": its output is not feature maps. Choose a layer of the backbone or neck`,
          );
        const changed = hook(tensors, call++);
        return Array.isArray(output) ? changed : changed[0];
      }),
    );
  }
  try {
    return f();
  } finally {
    for (const undo of restore.reverse()) undo();
  }
}

/**
 * Runs `f` while the arguments of layers are received by `read`, and feature maps by `maps`, by path.
 */
export function withArguments<T>(
  root: Module,
  read: ReadonlyMap<string, (given: unknown[]) => void>,
  maps: ReadonlyMap<string, (outputs: tf.Tensor[]) => void>,
  f: () => T,
): T {
  const layers = layersOf(root);
  const restore: (() => void)[] = [];
  for (const [path, receive] of read) {
    const layer = layers.get(path);
    if (!layer) continue;
    restore.push(
      replaceForward(layer, (forward, given) => {
        receive(given);
        return forward(...given);
      }),
    );
  }
  const watching = new Map(
    [...maps].map(([path, watch]): [string, OutputHook] => [
      path,
      (outputs) => {
        watch(outputs);
        return outputs;
      },
    ]),
  );
  try {
    return withOutputs(root, watching, f);
  } finally {
    for (const undo of restore.reverse()) undo();
  }
}

/** The output of a layer, read: maps [H, W, C] of the first image. */
export interface LayerMap {
  values: Float32Array;
  height: number;
  width: number;
  channels: number;
}

/** Reads the feature maps of layers (see `runningPath`) while `f` runs, by path: of every call, one after the other. */
export function readOutputs(root: Module, paths: readonly string[], f: () => void): Map<string, LayerMap[]> {
  const found = new Map<string, LayerMap[]>();
  const sizes: [number, number][] = [];
  const readers = new Map(
    [...new Set(['backbone', 'neck', ...paths])].map((path): [string, OutputHook] => [
      path,
      (outputs) => {
        for (const { shape } of outputs) if (shape.length === 4) sizes.push([shape[1], shape[2]]);
        if (paths.includes(path)) {
          const maps = outputs.map((tensor) => mapOf(tensor, sizes, path));
          found.set(path, [...(found.get(path) ?? []), ...maps]);
        }
        return outputs;
      },
    ]),
  );
  withOutputs(root, readers, f);
  return found;
}

function mapOf(tensor: tf.Tensor, sizes: readonly (readonly [number, number])[], path: string): LayerMap {
  const [height, width] = sizeOf(tensor.shape, sizes, path);
  const channels = tensor.shape[tensor.rank - 1];
  const length = height * width * channels;
  return { values: tensor.dataSync<'float32'>().slice(0, length), height, width, channels };
}

/** A sequence of pixels has the size of a level with as many. */
function sizeOf(
  shape: readonly number[],
  sizes: readonly (readonly [number, number])[],
  path: string,
): readonly [number, number] {
  if (shape.length === 4) return [shape[1], shape[2]];
  const found = shape.length === 3 ? sizes.find(([h, w]) => h * w === shape[1]) : undefined;
  if (found) return found;
  throw new DetLabError(
    `Cannot look at "${path}": expected feature maps [N, H, W, C] or the pixels of a level [N, H W, C], received [${shape}]. ` +
      'Choose a layer of the backbone or neck',
  );
}

/**
 * The path at which the output of a layer is found when `f` runs the model: its own, or that of the last of its parts where
 * they are applied one after the other by the module around them (`backbone.layer4` is `backbone.layer4.1`).
 *
 * @throws DetLabError for a layer that is not run by itself, with the one that is
 */
export function runningPath(root: Module, path: string, f: () => void): string {
  const watched = watchCalls(root, [path, ...partsOf(root, path)], f);
  if (watched.has(path)) return path;
  const parts = partsOf(root, path);
  const isChain =
    parts.length > 0 &&
    parts.every((part, i) => {
      const calls = watched.get(part);
      return calls !== undefined && (i === 0 || calls.input === watched.get(parts[i - 1])?.output);
    });
  if (isChain) return parts[parts.length - 1];
  throw notRun(root, path, f);
}

/** Children of a list of layers, in order. */
function partsOf(root: Module, path: string): string[] {
  const list = [...root.modules()].find(([name]) => name === path)?.[1];
  const names = list ? [...list.children()].map(([name]) => name) : [];
  return names.every((name) => /^\d+$/.test(name)) ? names.map((name) => `${path}.${name}`) : [];
}

/** Ids of the first tensor that went into a layer and of the one that came out, at its last call. */
function watchCalls(root: Module, paths: readonly string[], f: () => void) {
  const layers = layersOf(root);
  const calls = new Map<string, { input?: number; output?: number }>();
  const idOf = (value: unknown) => (value instanceof tf.Tensor ? value.id : undefined);
  const restore = paths.flatMap((path) => {
    const layer = layers.get(path);
    if (!layer) return [];
    const undo = replaceForward(layer, (forward, given) => {
      const output = forward(...given);
      calls.set(path, { input: idOf(given[0]), output: idOf(output) });
      return output;
    });
    return [undo];
  });
  try {
    f();
  } finally {
    for (const undo of restore.reverse()) undo();
  }
  return calls;
}

/** A layer that another one runs as a part of itself: a norm that is folded into its convolution. */
function notRun(root: Module, path: string, f: () => void): DetLabError {
  const parents = path
    .split('.')
    .map((_, i, parts) => parts.slice(0, i + 1).join('.'))
    .slice(0, -1);
  const ran = watchCalls(root, parents, f);
  const nearest = parents.findLast((parent) => ran.has(parent));
  return new DetLabError(
    `Cannot look at "${path}": it is not run by itself` +
      (nearest
        ? `, but as a part of "${nearest}". Use that layer`
        : ' in prediction. Choose a layer of the backbone or neck'),
  );
}
