// RFP against MMDetection's, on a small backbone that takes the pyramid back in.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { defineModule } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { createRegistry } from '../../../src/models/catalogue';
import type { RecursiveBackbone } from '../../../src/models/necks';
import type { Neck } from '../../../src/models/types';
import { Conv2d, Module, ModuleList } from '../../../src/nn';
import { Random } from '../../../src/random';
import { checkModule } from '../../golden-data';

class TinyRecursive extends Module implements RecursiveBackbone {
  readonly outputs;
  private readonly convs: ModuleList<Conv2d>;
  private readonly rfpConvs: ModuleList<Conv2d>;

  constructor(channels: number[], inplanes: number) {
    super();
    this.outputs = channels.map((c, i) => ({ channels: c, stride: 2 ** (i + 1) }));
    const stage = (from: number, to: number) =>
      new Conv2d({ inChannels: from, outChannels: to, kernelSize: 3, stride: 2, padding: 1 });
    this.convs = this.addChild('convs', new ModuleList(channels.map((c, i) => stage(channels[i - 1] ?? 3, c))));
    this.rfpConvs = this.addChild(
      'rfp_convs',
      new ModuleList(channels.slice(1).map((c) => new Conv2d({ inChannels: inplanes, outChannels: c, kernelSize: 1 }))),
    );
  }

  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    return this.rfpForward(x, []);
  }

  rfpForward(image: tf.Tensor4D, pyramid: tf.Tensor4D[]): tf.Tensor4D[] {
    let x = image;
    return [...this.convs].map((conv, i) => {
      const residual = i > 0 && pyramid[i] ? this.rfpConvs.at(i - 1).forward(pyramid[i]) : undefined;
      x = tf.relu(conv.forward(x, { residual }));
      return x;
    });
  }
}

const definition = defineModule({
  kind: 'backbone',
  type: 'TinyRecursive',
  summary: 'Strided convolutions that a pyramid comes back into.',
  example: "{ type: 'TinyRecursive', channels: [4, 8], rfp_inplanes: 16 }",
  options: z.strictObject({
    channels: z.array(z.int()).describe('Channels of the stages'),
    rfp_inplanes: z.int().describe('Channels of the pyramid'),
  }),
  build: (o) => new TinyRecursive(o.channels, o.rfp_inplanes),
});
const registry = createRegistry();
registry.add(definition);
const inputs = [3, 4, 8, 12].map((channels, i) => ({ channels, stride: 2 ** i }));
const options = { type: 'RFP', out_channels: 8, num_outs: 3, rfp_steps: 2, aspp_out_channels: 4 };
const backbone = { type: 'TinyRecursive', channels: [4, 8, 12], rfp_inplanes: 16 };

beforeAll(async () => void (await startEngine()));

test.each(['neck_rfp', 'neck_rfp_extra'])('%s equals MMDetection, forward and gradients', (name) =>
  checkModule(name, (config) => registry.build('neck', config, { path: 'model.neck' }) as Neck),
);

test('levels come from the backbone, whose first is the image; the gate starts at a half', () => {
  const neck = registry.build('neck', { ...options, rfp_backbone: backbone }, { path: 'model.neck', inputs }) as Neck;
  expect(neck.outputs).toEqual([2, 4, 8].map((stride) => ({ channels: 8, stride })));
  neck.initWeights(Random.seeded(0));
  const state = neck.stateDict();
  expect(state.get('rfp_weight.weight')!.data.every((v) => v === 0)).toBe(true);
  expect(state.get('lateral_convs.0.conv.bias')!.data.every((v) => v === 0)).toBe(true);
  expect(state.get('rfp_aspp.aspp.0.bias')!.data.some((v) => v !== 0)).toBe(true);
  neck.dispose();
});

test('what cannot be is refused, naming both sides', () => {
  const build =
    (rest: object, levels = inputs) =>
    () =>
      registry.build('neck', { ...options, rfp_backbone: backbone, ...rest }, { path: 'model.neck', inputs: levels });
  expect(build({}, inputs.slice(1))).toThrow(/the image as the first level, received strides \[2, 4, 8\]/);
  expect(build({ aspp_out_channels: 5 })).toThrow(
    /rfp_inplanes is 16, but 4 branches of aspp_out_channels 5 go back, 20/,
  );
  expect(build({ rfp_backbone: { ...backbone, channels: [4, 8, 16] } })).toThrow(/\[4, 8, 12\].* gives \[4, 8, 16\]/);
  expect(build({ rfp_backbone: { type: 'ResNet', depth: 18 } })).toThrow(/takes a pyramid back in .*received ResNet/);
});
