// Another `forward` for a layer, on the instance and for a time: how outputs of layers are read or changed while a model runs.
// What is fused into one call is computed layer by layer where one of the layers is to be seen by itself.

import type { Module } from './module';

export interface Runs {
  forward(...args: unknown[]): unknown;
}

const runs = (module: Module): module is Module & Runs => 'forward' in module && typeof module.forward === 'function';

/** Modules by path, without those that have no `forward`. */
export const layersOf = (root: Module): Map<string, Module & Runs> =>
  new Map([...root.modules()].filter((entry): entry is [string, Module & Runs] => entry[0] !== '' && runs(entry[1])));

/** @returns what puts the layer's own `forward` back */
export function replaceForward(
  layer: Module & Runs,
  run: (forward: (...given: unknown[]) => unknown, given: unknown[]) => unknown,
): () => void {
  const { forward } = layer;
  const isOwn = Object.hasOwn(layer, 'forward');
  layer.forward = (...given: unknown[]) => run((...args) => forward.apply(layer, args), given);
  return () => {
    if (isOwn) layer.forward = forward;
    else Reflect.deleteProperty(layer, 'forward');
  };
}

/** Layers whose outputs are asked for, and how often. */
const apart = new WeakMap<Module, number>();

/** Whether a layer must be run by itself now, and not as a part of a fused call. */
export const runsApart = (layer: Module): boolean => (apart.get(layer) ?? 0) > 0;

/** Has a layer be run by itself. @returns what ends it */
export function setApart(layer: Module): () => void {
  apart.set(layer, (apart.get(layer) ?? 0) + 1);
  return () => void apart.set(layer, (apart.get(layer) ?? 0) - 1);
}
