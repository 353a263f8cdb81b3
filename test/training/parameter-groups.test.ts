import { describe, expect, test } from 'vitest';
import {
  BatchNorm2d,
  Conv2d,
  DeformConv2dPack,
  Embedding,
  GroupNorm,
  LayerNorm,
  Linear,
  ModulatedDeformConv2dPack,
  Module,
  Scale,
  zeros,
} from '../../src/nn';
import { parameterGroups, paramwiseOptions, yolov5Groups } from '../../src/training/parameter-groups';
import { goldenJson } from '../golden-data';

const golden = goldenJson<{ paramwise: { name: string; lr: number; wd: number }[] }>('optimizers');
const paramwise =
  goldenJson<{ paramwise_cfg: Record<string, unknown>; groups: Record<string, [lr: number, decay: number]> }[]>(
    'paramwise',
  );
const { groups: yolov5 } = goldenJson<{ groups: { batch: number; groups: Record<string, [number, number]> }[] }>(
  'training_hooks',
);

/** A tree whose leaves are named as in a state dict; a `bn` gets running statistics, as a norm layer has. */
class Named extends Module {
  constructor(names: string[], depth = '') {
    super();
    const children = new Map<string, string[]>();
    for (const name of names) {
      const dot = name.indexOf('.');
      if (dot < 0) this.addParameter(name, [1], zeros);
      else children.set(name.slice(0, dot), [...(children.get(name.slice(0, dot)) ?? []), name.slice(dot + 1)]);
    }
    if (/^(bn\d|downsample\.1)$/.test(depth)) this.addBuffer('running_mean', [1], zeros);
    for (const [child, rest] of children) {
      this.addChild(child, new Named(rest, depth === 'downsample' ? `downsample.${child}` : child));
    }
  }
}

/** Parameters that each rule of paramwise_cfg applies to; test/golden/generate/paramwise.py has the same. */
class AllRules extends Module {
  constructor() {
    super();
    const deformable = { inChannels: 4, outChannels: 4, kernelSize: 3 };
    this.addParameter('gamma', [4], zeros);
    this.addChild('conv', new Conv2d({ inChannels: 3, outChannels: 4, kernelSize: 3 }));
    this.addChild('bn', new BatchNorm2d({ channels: 4 }));
    this.addChild('depthwise', new Conv2d({ ...deformable, groups: 4 }));
    this.addChild('one_channel', new Conv2d({ inChannels: 1, outChannels: 2, kernelSize: 1 }));
    this.addChild('gn', new GroupNorm({ channels: 4, groups: 2 }));
    this.addChild('ln', new LayerNorm({ channels: 4 }));
    this.addChild('fc', new Linear({ inFeatures: 4, outFeatures: 2 }));
    this.addChild('dcn', new DeformConv2dPack({ ...deformable, bias: false }));
    this.addChild('dcn_v2', new ModulatedDeformConv2dPack(deformable));
    this.addChild('spatial_conv_offset', new Conv2d(deformable));
    this.addChild('query', new Embedding({ count: 3, channels: 4 }));
    this.addChild('scale', new Scale());
  }
}

describe('by paramwise_cfg', () => {
  test("paramwise_cfg gives every parameter mmengine's rates", () => {
    const rows = golden.paramwise;
    const model = new Named(rows.map((r) => r.name));
    const paramwise = paramwiseOptions.parse({ norm_decay_mult: 0, custom_keys: { layer4: { lr_mult: 0.1 } } });
    const groups = parameterGroups(model, { lr: rows[0].lr, weightDecay: rows[0].wd }, paramwise);
    const byName = new Map(groups.map((g) => [g.name, g]));
    expect(groups).toHaveLength(rows.length);
    for (const { name, lr, wd } of rows) {
      expect([name, byName.get(name)!.lr.toFixed(9), byName.get(name)!.weightDecay]).toEqual([name, lr.toFixed(9), wd]);
    }
  });

  test.each(paramwise)("every rule as mmengine's: $paramwise_cfg", ({ paramwise_cfg, groups }) => {
    const model = new AllRules();
    const found = parameterGroups(model, { lr: 0.1, weightDecay: 0.01 }, paramwiseOptions.parse(paramwise_cfg));
    expect(found.map(({ name }) => name).sort()).toEqual(Object.keys(groups).sort());
    for (const { name, lr, weightDecay } of found) {
      expect(lr, name).toBeCloseTo(groups[name][0], 12);
      expect(weightDecay, name).toBeCloseTo(groups[name][1], 12);
    }
    model.dispose();
  });

  test('custom_keys set the rates of the backbone', () => {
    const model = new Named(['backbone.weight', 'head.weight']);
    const paramwise = paramwiseOptions.parse({ custom_keys: { backbone: { lr_mult: 0.1, decay_mult: 1 } } });
    const groups = parameterGroups(model, { lr: 1e-4, weightDecay: 1e-4 }, paramwise);
    expect(groups.map((g) => [g.name, g.lr, g.weightDecay])).toEqual([
      ['backbone.weight', 1e-4 * 0.1, 1e-4],
      ['head.weight', 1e-4, 1e-4],
    ]);
  });
});

class Net extends Module {
  constructor() {
    super();
    this.addChild('conv', new Conv2d({ inChannels: 3, outChannels: 4, kernelSize: 3, bias: false }));
    this.addChild('bn', new BatchNorm2d({ channels: 4 }));
    this.addChild('pred', new Conv2d({ inChannels: 4, outChannels: 2, kernelSize: 1 }));
  }
}

test.each(yolov5)("YOLOv5OptimizerConstructor's groups for $batch images", ({ batch, groups }) => {
  const net = new Net();
  const found = yolov5Groups(net, { lr: 0.01, weightDecay: 0.0005 }, {}, batch);
  expect(Object.keys(groups).sort()).toEqual(found.map(({ name }) => name).sort());
  for (const { name, role, weightDecay } of found) {
    expect(['weight', 'norm', 'bias'].indexOf(role!), name).toBe(groups[name][0]);
    expect(weightDecay).toBeCloseTo(groups[name][1], 12);
  }
  net.dispose();
});
