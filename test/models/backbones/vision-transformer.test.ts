// VisionTransformer: kinds of outputs, and MMClassification's former options.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { backbones } from '../../../src/models/backbones';
import type { Backbone } from '../../../src/models/types';
import { Random } from '../../../src/random';

beforeAll(async () => void (await startEngine()));

const registry = new Registry(backbones);
const build = (config: ModuleConfig) => registry.build('backbone', config, { path: 'model.backbone' }) as Backbone;
const arch = { embed_dims: 8, num_layers: 2, num_heads: 2, feedforward_channels: 16 };

describe('VisionTransformer', () => {
  const vit = { type: 'mmcls.VisionTransformer', arch, img_size: 32, patch_size: 8 };
  const image = () => tf.randomNormal<tf.Rank.R4>([2, 32, 24, 3], 0, 1, 'float32', 3);
  const run = (config: ModuleConfig) =>
    tf.tidy(() => {
      const model = build(config);
      model.initWeights(Random.seeded(2));
      const outputs = model
        .forward(image())
        .map((y) => ({ shape: y.shape as number[], data: y.dataSync<'float32'>() }));
      const names = [...model.named()].map(([name]) => name);
      const levels = model.outputs.map((level) => ({ channels: level.channels, stride: level.stride }));
      model.dispose();
      return { outputs, names, levels };
    });

  test('out_type and out_indices', () => {
    const shapes = (config: object) => run({ ...vit, ...config }).outputs.map((y) => y.shape);
    expect(shapes({ out_type: 'featmap', out_indices: [0, 1] })).toEqual([
      [2, 4, 3, 8],
      [2, 4, 3, 8],
    ]);
    expect(shapes({ out_type: 'raw' })).toEqual([[2, 13, 8]]);
    expect(shapes({ out_type: 'raw', with_cls_token: false })).toEqual([[2, 12, 8]]);
    expect(shapes({ out_type: 'cls_token' })).toEqual([[2, 8]]);
    expect(shapes({ out_type: 'avg_featmap' })).toEqual([[2, 8]]);
    const { outputs, names } = run({ ...vit, out_type: 'raw' });
    const { outputs: token } = run({ ...vit, out_type: 'cls_token' });
    expect(token[0].data.slice(0, 8)).toEqual(outputs[0].data.slice(0, 8));
    expect(names).not.toContain('ln2.weight');
    expect(run({ ...vit, out_type: 'avg_featmap' }).names).toContain('ln2.weight');
  });

  test("MMClassification's former options keep the class token's weights and leave it out of the layers", () => {
    const former = run({ ...vit, with_cls_token: false, output_cls_token: false });
    expect(former.levels).toEqual([{ channels: 8, stride: 8 }]);
    expect(former.outputs[0].shape).toEqual([2, 4, 3, 8]);
    expect(former.names.slice(0, 2)).toEqual(['cls_token', 'pos_embed']);
    // a token in the layers changes what the patches attend to
    const entering = run({ ...vit, with_cls_token: true, output_cls_token: false });
    const now = run({ ...vit, out_type: 'featmap' });
    expect(entering.outputs[0].data).toEqual(now.outputs[0].data);
    expect(former.outputs[0].data).not.toEqual(now.outputs[0].data);
  });
});
