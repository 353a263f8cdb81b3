import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { kaiming, zeros } from '../../src/nn/initializers';
import { Module } from '../../src/nn/module';
import { Random } from '../../src/random';

class Leaf extends Module {
  constructor() {
    super();
    this.addParameter('weight', [3, 3, 2, 4], kaiming(), { kind: 'conv' });
    this.addParameter('bias', [4], zeros);
  }
}
class Tree extends Module {
  left = this.addChild('left', new Leaf());
  right = this.addChild('layers.0', new Leaf());
}

beforeAll(async () => void (await startEngine()));

test('a state dict has torch shapes and survives a round trip', () => {
  const a = new Tree();
  const b = new Tree();
  a.initWeights(Random.seeded(1));
  expect([...a.stateDict()].map(([n, t]) => [n, t.shape])).toEqual([
    ['left.weight', [4, 2, 3, 3]],
    ['left.bias', [4]],
    ['layers.0.weight', [4, 2, 3, 3]],
    ['layers.0.bias', [4]],
  ]);
  const report = b.loadStateDict(a.stateDict());
  expect(report.loaded).toHaveLength(4);
  expect(b.stateDict()).toEqual(a.stateDict());
  const before = tf.memory().numTensors;
  b.loadStateDict(a.stateDict());
  expect(tf.memory().numTensors).toBe(before);
});

test('freeze by path and glob, and an unknown path names the parts', () => {
  const m = new Tree().train();
  expect(m.freeze('left')).toBe(76);
  expect(m.left.training).toBe(false);
  expect(m.trainable().map(([n]) => n)).toEqual(['layers.0.weight', 'layers.0.bias']);
  m.freeze('layers.*');
  expect(m.trainable()).toEqual([]);
  m.unfreeze('layers.0.bias');
  expect(m.trainable().map(([n]) => n)).toEqual(['layers.0.bias']);
  expect(() => m.freeze('lefft')).toThrow(/Did you mean "left"/);
});
