// The feature levels of a backbone and its neck in ONNX Runtime beside those of the engine.

import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import type { ModuleConfig } from '../../src/catalogue/registry';
import { createRegistry } from '../../src/models/catalogue';
import { buildNeck } from '../../src/models/necks/neck-sequence';
import type { Backbone, Neck } from '../../src/models/types';
import type { Module } from '../../src/nn';
import { Dimensions } from '../../src/onnx/dimensions';
import { Graph } from '../../src/onnx/graph';
import { lowerTapes } from '../../src/onnx/lower-tapes';
import { encodeModel } from '../../src/onnx/messages';
import { recordTape } from '../../src/onnx/tape';
import { Random } from '../../src/random';
import { enliven } from './exported';

export type Maps = (x: tf.Tensor4D) => tf.Tensor[];
export type Size = [number, number, number];

export interface Network {
  forward: Maps;
  modules: Module[];
}

/** Backbone and neck, with weights that give numbers of about the size of their inputs. */
export function network(backbone: ModuleConfig, neck?: ModuleConfig | ModuleConfig[]): Network {
  const registry = createRegistry();
  const body = registry.build('backbone', backbone, { path: 'backbone' }) as Backbone;
  const modules: Module[] = [body];
  const top = neck && (buildNeck(neck, { registry, path: 'neck', inputs: body.outputs }) as Neck);
  if (top) modules.push(top);
  const random = Random.seeded(3);
  for (const module of modules) enliven(module, random);
  return { modules, forward: (x) => (top ? top.forward(body.forward(x)) : body.forward(x)) };
}

const exampleOf = ([n, h, w]: Size, seed: number): tf.Tensor4D => {
  const random = Random.seeded(seed);
  return tf.tensor4d(
    Float32Array.from({ length: n * h * w * 3 }, () => random.normal()),
    [n, h, w, 3],
  );
};

/**
 * Records at the `recorded` sizes (batch, height, width) and compares at the others.
 * @returns the largest difference, in shares of the largest number of its map
 */
export async function mapDifference(
  { forward, modules }: Network,
  recorded: Size[],
  compared: Size[],
): Promise<number> {
  const names = new Map(modules.flatMap((m) => [...m.named()].map(([path, p]) => [p.variable.id, path] as const)));
  const examples = recorded.map(exampleOf);
  const graph = new Graph();
  const context = { graph, dimensions: new Dimensions(graph), precision: 'float32', levels: [] } as const;
  graph.input('x', 'float32', ['n', 3, 'h', 'w'], '');
  const tapes = examples.map((x) => recordTape([x], () => forward(x), names));
  const levels = lowerTapes(tapes, [{ name: 'x', layout: 'channels-first' }], { ...context, levels: [] }, 'maps');
  for (const [i, level] of levels.entries())
    graph.output(
      level.get({ layout: 'same', type: 'float32' }),
      `p${i}`,
      'float32',
      level.shape.map((_, k) => `d${k}`),
      '',
    );
  tf.dispose(examples);
  const bytes = encodeModel(graph.model({ name: 'maps', version: '', doc: '', metadata: {} }));
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  let worst = 0;
  for (const [k, size] of compared.entries()) {
    const x = exampleOf(size, 50 + k);
    const [n, h, w] = size;
    const feed = tf.tidy(() => tf.transpose(x, [0, 3, 1, 2]).dataSync<'float32'>().slice());
    const results = await session.run({ x: new ort.Tensor('float32', feed, [n, 3, h, w]) });
    const expected: { shape: number[]; values: Float32Array }[] = [];
    tf.tidy(() => {
      for (const map of forward(x)) expected.push({ shape: map.shape, values: map.dataSync<'float32'>().slice() });
    });
    x.dispose();
    for (const [i, { shape, values }] of expected.entries()) {
      const { dims, data } = results[`p${i}`];
      expect(dims).toEqual(shape);
      const found = data as Float32Array;
      const scale = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      expect(scale).toBeGreaterThan(1e-3);
      const gap = values.reduce((most, v, at) => Math.max(most, Math.abs(v - found[at])), 0);
      worst = Math.max(worst, gap / scale);
    }
  }
  await session.release();
  return worst;
}
