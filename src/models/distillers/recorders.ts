// What a distiller compares: outputs or inputs of layers while a model runs (mmrazor's ModuleOutputsRecorder and
// ModuleInputsRecorder). A layer that is run several times has several records, one for each call.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError, didYouMean } from '../../errors';
import type { Module } from '../../nn';
import { layersOf, replaceForward, setApart } from '../../nn/replace-forward';

/** A layer's output or inputs at one call. */
export type LayerRecord = tf.Tensor | tf.Tensor[];

/** Which layer, by its path in the model, and what of it. */
export interface Recorder {
  readonly source: string;
  readonly of: 'outputs' | 'inputs';
}

/** Checks that a model has the layers of its recorders. @throws DetLabError with the nearest path */
export function checkSources(model: Module, recorders: ReadonlyMap<string, Recorder>, at: string): void {
  const layers = layersOf(model);
  for (const [name, { source }] of recorders) {
    if (layers.has(source)) continue;
    throw new DetLabError(
      `Cannot record "${source}" (${at}.${name}): the model has no such layer.${didYouMean(source, layers.keys())}`,
    );
  }
}

/** Runs `f` and returns what the recorders saw meanwhile, by name. @throws DetLabError for a layer that did not run by itself */
export function recording(
  model: Module,
  recorders: ReadonlyMap<string, Recorder>,
  f: () => void,
): Map<string, LayerRecord[]> {
  const layers = layersOf(model);
  const found = new Map<string, LayerRecord[]>([...recorders.keys()].map((name) => [name, []]));
  const undo: (() => void)[] = [];
  for (const [name, { source, of }] of recorders) {
    const layer = layers.get(source);
    if (!layer) continue;
    const record = (value: unknown) => found.get(name)!.push(kept(value, source));
    undo.push(
      setApart(layer),
      replaceForward(layer, (forward, given) => {
        if (of === 'inputs') record(given.flat().filter((one) => one instanceof tf.Tensor));
        const output = forward(...given);
        if (of === 'outputs') record(output);
        return output;
      }),
    );
  }
  try {
    f();
    return new Map([...found].map(([name, records]) => [name, records.map((record) => mapRecord(record, tf.clone))]));
  } finally {
    for (const end of undo.reverse()) end();
    for (const records of found.values()) tf.dispose(records);
  }
}

/** A record of the same form. */
export const mapRecord = (record: LayerRecord, change: (tensor: tf.Tensor) => tf.Tensor): LayerRecord =>
  Array.isArray(record) ? record.map(change) : change(record);

/** A layer's tensors beyond the scope that it runs in, and beyond their last use there. */
function kept(value: unknown, source: string): LayerRecord {
  if (value instanceof tf.Tensor || (Array.isArray(value) && value.every((one) => one instanceof tf.Tensor)))
    return mapRecord(value, (tensor) => tf.keep(tf.clone(tensor)));
  throw new DetLabError(
    `Cannot record "${source}": it gives neither a tensor nor a list of tensors. Record a layer of the backbone, of the neck or of a tower`,
  );
}

const options = z.strictObject({
  source: z.string().min(1).describe('Path of the layer in the model, as in its state dict: neck.out_layers.0.conv'),
});

const definition = <Type extends string>(type: Type, of: Recorder['of']) =>
  defineModule({
    kind: 'recorder',
    type,
    summary: `Records the ${of} of a layer for a distiller`,
    origin: 'mmrazor',
    shapes: 'a layer that runs -> a tensor, or a list of them, for each call',
    example: `{ type: '${type}', source: 'neck' }`,
    options,
    build: ({ source }): Recorder => ({ source, of }),
  });

export const recorders = [definition('ModuleOutputs', 'outputs'), definition('ModuleInputs', 'inputs')] as const;

declare module '../../catalogue/registry' {
  interface Built {
    recorder: Recorder;
  }
}
