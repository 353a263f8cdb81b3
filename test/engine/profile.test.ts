// `engine().profile`: what is recorded, for which module, and that nothing stays behind.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { engine, startEngine } from '../../src/engine';
import { profileWith } from '../../src/engine/profile';
import { recordKernels } from '../../src/engine/tape/recorder';
import { BatchNorm2d } from '../../src/nn/batch-norm2d';
import { convNorm } from '../../src/nn/conv-norm';
import { Conv2d } from '../../src/nn/conv2d';
import { Module } from '../../src/nn/module';
import { Random } from '../../src/random';

beforeAll(async () => void (await startEngine({ engine: 'torch' })));

class Stage extends Module {
  private readonly conv = this.addChild(
    'conv',
    new Conv2d({ inChannels: 3, outChannels: 8, kernelSize: 3, padding: 1, bias: false }),
  );
  private readonly norm = this.addChild('norm', new BatchNorm2d({ channels: 8 }));

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return convNorm(this.conv, this.norm, x, { activation: 'relu' });
  }
}

class Net extends Module {
  private readonly stages = ['first', 'second'].map((name) => this.addChild(name, new Stage()));

  forward(x: tf.Tensor4D): tf.Scalar {
    return tf.sum(this.stages.map((stage) => stage.forward(x)).reduce((a, b) => tf.add(a, b)));
  }
}

function build(): { net: Net; x: tf.Tensor4D } {
  const net = new Net();
  net.initWeights(Random.seeded(1));
  return { net: net.train(), x: tf.randomNormal([1, 16, 16, 3], 0, 1, 'float32', 3) };
}

describe('engine().profile', () => {
  it('names the nodes of the backward pass without their namespaces', async () => {
    const x = tf.randomNormal([1, 16, 16, 16], 0, 1, 'float32', 3) as tf.Tensor4D;
    const conv = new Conv2d({ inChannels: 16, outChannels: 32, kernelSize: 1 });
    conv.initWeights(Random.seeded(1));
    const variables = conv.trainable().map(([, { variable }]) => variable);
    const { profile } = await engine().profile(() => {
      const { value, grads } = tf.variableGrads(() => tf.sum(conv.forward(x)), variables);
      tf.dispose([value, grads]);
    });
    const nodes = profile.events.filter(({ kind }) => kind === 'node').map(({ name }) => name);
    expect(nodes.filter((name) => name.includes('Convolution'))).not.toEqual([]);
    for (const name of nodes) expect(name).toMatch(/^\w+(::\w+)*$/);
  });

  it('records calls, operators and backward nodes, each for its module', async () => {
    const { net, x } = build();
    const variables = net.trainable().map(([, p]) => p.variable);
    const { result, profile } = await engine().profile(() => {
      const { value, grads } = tf.variableGrads(() => net.forward(x), variables);
      tf.dispose(grads);
      return value.dataSync()[0];
    }, net.modules());
    expect(Number.isFinite(result)).toBe(true);
    const of = (kind: string, name: string) =>
      profile.events
        .filter((event) => event.kind === kind && event.name.includes(name))
        .map(({ module }) => profile.modules[module]);
    expect(of('call', 'detConv2d')).toEqual(['first.conv', 'second.conv']);
    expect(of('call', 'detBatchNorm')).toEqual(['first.norm', 'second.norm']);
    // the backward pass runs in reverse, and is that of the module that made it
    expect(of('node', 'ConvolutionFunction')).toEqual(['second.conv', 'first.conv']);
    expect(of('node', 'BatchNormFunction')).toEqual(['second.norm', 'first.norm']);
    expect(profile.events.some(({ name }) => name === 'ConvolutionFunction')).toBe(true);
    expect(of('op', 'aten::').length).toBeGreaterThan(4);
    for (const { start, end } of profile.events) {
      expect(start).toBeGreaterThanOrEqual(0);
      expect(end).toBeGreaterThanOrEqual(start);
      expect(end).toBeLessThanOrEqual(profile.milliseconds + 1);
    }
    net.dispose();
    x.dispose();
  });

  it('says of a copy from which type to which it converts', async () => {
    const { profile } = await engine().profile(() =>
      tf.tidy(() =>
        engine().autocast('bfloat16', () => {
          const x = tf.ones<tf.Rank.R4>([1, 8, 8, 16]);
          tf.conv2d(x, tf.ones<tf.Rank.R4>([3, 3, 16, 16]), 1, 'same');
        }),
      ),
    );
    const copies = profile.events.filter(({ name }) => name === 'aten::copy_').map(({ detail }) => detail);
    // processors without bfloat16 products round their operands as well
    const rounds = [...engine().precisions, ...engine().memoryPrecisions].includes('bfloat16');
    expect(copies.some((detail) => /^Float \[.*\] -> BFloat16 \[/.test(detail))).toBe(rounds);
  });

  it('leaves modules as they were, after an error too, and takes one profile at a time', async () => {
    const { net, x } = build();
    const names = () => [...net.modules()].map(([, module]) => Object.getOwnPropertyNames(module));
    const before = names();
    const failing = engine().profile(() => {
      throw new Error('from inside');
    }, net.modules());
    await expect(failing).rejects.toThrow('from inside');
    expect(names()).toEqual(before);
    await engine().profile(async () => {
      await expect(engine().profile(() => 1)).rejects.toThrow(/another is being taken/);
    });
    const { profile } = await engine().profile(() => tf.tidy(() => void net.forward(x)), net.modules());
    expect(profile.events.length).toBeGreaterThan(0);
    expect(names()).toEqual(before);
    net.dispose();
    x.dispose();
  });

  it('records TensorFlow.js kernels on engines without a recorder of their own', async () => {
    const { runKernel } = tf.engine();
    const { net, x } = build();
    const record = () => profileWith(recordKernels, () => tf.tidy(() => void net.forward(x)), net.modules());
    const { profile } = await record();
    const convolutions = profile.events.filter(({ name }) => name === 'DetConv2D');
    expect(convolutions.map(({ module }) => profile.modules[module])).toEqual(['first.conv', 'second.conv']);
    expect(convolutions[0].detail).toBe('float32 [1,16,16,3], float32 [3,3,3,8]');
    expect(tf.engine().runKernel).toBe(runKernel);
    net.dispose();
    x.dispose();
  });
});
