// Rates by layer against MMDetection's constructor for ConvNeXt and MMPretrain's layers of ViT and Swin.

import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { catalogue } from '../../src/lab/catalogue';
import { Module, zeros } from '../../src/nn';
import { layerDecayGroups, layersOf } from '../../src/training/layer-decay-groups';
import { plannedGroups } from '../../src/training/optim-wrapper';
import { paramwiseOptions } from '../../src/training/parameter-groups';
import { goldenJson } from '../golden-data';
import { registry } from './registry';

type Row = [name: string, shape: number[], lr: number, weightDecay: number];
const golden = goldenJson<{
  convnext: { paramwise_cfg: Record<string, unknown>; groups: Row[] }[];
  swin: Record<string, [layer: number, count: number]>;
  vit: Record<string, [layer: number, count: number]>;
}>('layer_decay');

/** A tree with these parameters, in torch's shapes. */
class Named extends Module {
  constructor(rows: readonly (readonly [string, number[]])[]) {
    super();
    const children = new Map<string, [string, number[]][]>();
    for (const [name, shape] of rows) {
      const dot = name.indexOf('.');
      if (dot < 0) this.addParameter(name, shape, zeros);
      else
        children.set(name.slice(0, dot), [...(children.get(name.slice(0, dot)) ?? []), [name.slice(dot + 1), shape]]);
    }
    for (const [child, rest] of children) this.addChild(child, new Named(rest));
  }
}

beforeAll(async () => void (await startEngine()));

const base = { lr: 0.0002, weightDecay: 0.05 };

test.each(golden.convnext)('ConvNeXt as MMDetection has it: $paramwise_cfg', ({ paramwise_cfg, groups }) => {
  const model = new Named(groups.map(([name, shape]) => [name, shape]));
  const found = layerDecayGroups(model, base, paramwiseOptions.parse(paramwise_cfg));
  expect(found.map(({ name }) => name).sort()).toEqual(groups.map(([name]) => name).sort());
  const byName = new Map(found.map((group) => [group.name, group]));
  for (const [name, , lr, weightDecay] of groups) {
    expect(byName.get(name)!.lr, name).toBeCloseTo(lr, 15);
    expect(byName.get(name)!.weightDecay, name).toBe(weightDecay);
  }
  model.dispose();
});

test.each(['swin', 'vit'] as const)("layers of %s are MMPretrain's", (backbone) => {
  const rows = Object.entries(golden[backbone]);
  // of a ViT, attention is how it is known
  const layers = layersOf(rows.map(([name]) => name));
  for (const [name, [layer, count]] of rows) expect([layers.of(name), layers.count], name).toEqual([layer, count]);
  const blocks = layers.count - 2;
  expect(() =>
    layersOf(
      rows.map(([name]) => name),
      { num_layers: blocks },
    ),
  ).not.toThrow();
  expect(() =>
    layersOf(
      rows.map(([name]) => name),
      { num_layers: blocks + 1 },
    ),
  ).toThrow(`expected paramwise_cfg.num_layers ${blocks}, the blocks of the backbone, received ${blocks + 1}`);
});

describe('by a config', () => {
  const backbone = { type: 'SwinTransformer', embed_dims: 12, depths: [2, 2, 2, 2], num_heads: [1, 1, 1, 1] };
  const swin = () => {
    class Detector extends Module {}
    const model = new Detector();
    (model as unknown as { addChild(name: string, child: Module): Module }).addChild(
      'backbone',
      catalogue.build('backbone', backbone, { path: 'model.backbone' }) as unknown as Module,
    );
    return model;
  };
  const optimizer = { type: 'AdamW', ...{ lr: base.lr, weight_decay: base.weightDecay } };

  test("MMDetection's constructor sets rates and decay of our Swin, a frozen layer excepted", () => {
    const model = swin();
    const paramwise_cfg = { num_layers: 8, decay_rate: 0.5 };
    const wrapper = { optimizer, constructor: 'mmdet.LearningRateDecayOptimizerConstructor', paramwise_cfg };
    const rateOf = (name: string) => {
      const group = plannedGroups(model, wrapper, registry).groups.find((one) => one.name === `backbone.${name}`);
      return group && [group.lr / base.lr, group.weightDecay];
    };
    expect(rateOf('patch_embed.projection.weight')).toEqual([0.5 ** 9, 0.05]);
    expect(rateOf('stages.1.blocks.1.attn.w_msa.qkv.weight')).toEqual([0.5 ** 5, 0.05]);
    expect(rateOf('stages.1.blocks.1.attn.w_msa.qkv.bias')).toEqual([0.5 ** 5, 0]);
    expect(rateOf('stages.1.downsample.norm.weight')).toEqual([0.5 ** 5, 0]);
    expect(rateOf('norm3.weight')).toEqual([1, 0]);
    model.freeze('backbone.stages.3');
    expect(rateOf('stages.3.blocks.0.attn.w_msa.qkv.weight')).toBeUndefined();
    expect(rateOf('patch_embed.projection.weight')).toEqual([0.5 ** 9, 0.05]);
    model.dispose();
  });

  test("MMPretrain's applies the rules of weight decay too; its custom_keys have no lr_mult", () => {
    const model = swin();
    const custom_keys = { relative_position_bias_table: { decay_mult: 0, lr_mult: 7 } };
    const paramwise_cfg = { layer_decay_rate: 0.5, norm_decay_mult: 0.1, bias_decay_mult: 0.2, custom_keys };
    const wrapper = { optimizer, constructor: 'LearningRateDecayOptimWrapperConstructor', paramwise_cfg };
    const { groups } = plannedGroups(model, wrapper, registry);
    const of = (name: string) => groups.find((one) => one.name === `backbone.${name}`)!;
    expect(of('stages.0.blocks.0.norm1.weight').weightDecay).toBeCloseTo(0.005, 12);
    expect(of('stages.0.blocks.0.attn.w_msa.qkv.bias').weightDecay).toBeCloseTo(0.01, 12);
    expect(of('stages.0.blocks.0.attn.w_msa.relative_position_bias_table')).toMatchObject({
      weightDecay: 0,
      lr: base.lr * 0.5 ** 8,
    });
    model.dispose();
  });

  test('what is missing, or cannot be, is refused', () => {
    const model = swin();
    const plan = (paramwise_cfg: object, name = 'LearningRateDecayOptimizerConstructor') =>
      plannedGroups(model, { optimizer, constructor: name, paramwise_cfg }, registry);
    expect(() => plan({ decay_rate: 0.5 })).toThrow(/paramwise_cfg: expected num_layers and decay_rate/);
    expect(() => plan({}, 'LearningRateDecayOptimWrapperConstructor')).toThrow(/layer_decay_rate for/);
    expect(() => plan({ num_layers: 8, decay_rate: 0.5, decay_type: 'stage_wise' })).toThrow(
      /by stage: expected the stages of ConvNeXt/,
    );
    expect(() => plan({}, 'MyConstructor')).toThrow(/expected "DefaultOptimWrapperConstructor"/);
    expect(() => layersOf(['backbone.layer1.0.conv1.weight'])).toThrow(/parameters such as "layer1.0.conv1.weight"/);
    model.dispose();
  });
});
