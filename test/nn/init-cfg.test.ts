import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { ConvModule } from '../../src/nn/conv-module';
import { applyInitCfg, type InitCfg, initCfg, pretrainedOf } from '../../src/nn/init-cfg';
import { Linear } from '../../src/nn/linear';
import { Module } from '../../src/nn/module';
import { ModuleList } from '../../src/nn/module-list';
import { Random } from '../../src/random';

/** The parts of a head: two towers and two predictions. */
class Head extends Module {
  tower = this.addChild(
    'tower',
    new ConvModule({ inChannels: 64, outChannels: 64, kernelSize: 3, normCfg: { type: 'BN' } }),
  );
  shared = this.addChild('shared_fcs', new ModuleList([new Linear({ inFeatures: 64, outFeatures: 128 })]));
  cls = this.addChild('fc_cls', new Linear({ inFeatures: 128, outFeatures: 64 }));
  reg = this.addChild('fc_reg', new Linear({ inFeatures: 128, outFeatures: 64 }));
}

/** [mean, spread] of every tensor after initialisation. */
function moments(config: InitCfg | InitCfg[]): Record<string, [number, number]> {
  const head = new Head();
  applyInitCfg(head, config);
  head.initWeights(Random.seeded(7));
  const result: Record<string, [number, number]> = {};
  for (const [name, { data }] of head.stateDict()) {
    const values = [...data];
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    result[name] = [mean, Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)];
  }
  head.dispose();
  return result;
}
const near = (value: number, expected: number) => expect(Math.abs(value / expected - 1)).toBeLessThan(0.05);

beforeAll(async () => void (await startEngine()));

test('by layer type: only those layers change', () => {
  const before = moments([]);
  const m = moments({ type: 'Normal', layer: 'Conv2d', std: 0.01 });
  near(m['tower.conv.weight'][1], 0.01);
  expect(m['fc_cls.weight'][1]).toBeCloseTo(before['fc_cls.weight'][1], 2);
  near(moments({ type: 'Uniform', layer: 'Linear', a: -3, b: 3 })['fc_cls.weight'][1], Math.sqrt(3));
  const norm = moments([{ type: 'Constant', val: 0.5, bias: 0.25, layer: ['_BatchNorm', 'GroupNorm'] }]);
  expect(norm['tower.bn.weight']).toEqual([0.5, 0]);
  expect(norm['tower.bn.bias']).toEqual([0.25, 0]);
  near(moments({ type: 'TruncNormal', layer: 'Linear', a: -1, b: 1 })['fc_reg.weight'][1], 0.5396);
});

test('by name, with the outer recipe or an own one', () => {
  const m = moments([
    { type: 'Normal', std: 0.01, override: { name: 'fc_cls' } },
    { type: 'Normal', std: 0.001, override: { name: 'fc_reg' } },
    { type: 'Xavier', distribution: 'uniform', override: [{ name: 'shared_fcs' }] },
  ]);
  near(m['fc_cls.weight'][1], 0.01);
  near(m['fc_reg.weight'][1], 0.001);
  near(m['shared_fcs.0.weight'][1], Math.sqrt(2 / (64 + 128)));
  expect(m['shared_fcs.0.bias']).toEqual([0, 0]);
  const own = moments({
    type: 'Normal',
    layer: 'Linear',
    std: 0.01,
    override: { type: 'Normal', name: 'fc_cls', std: 0.05, bias_prob: 0.01 },
  });
  near(own['fc_cls.weight'][1], 0.05);
  expect(own['fc_cls.bias'][0]).toBeCloseTo(-Math.log(99), 5);
  near(own['fc_reg.weight'][1], 0.01);
});

test('Kaiming and Caffe2Xavier use the fan', () => {
  near(moments({ type: 'Kaiming', layer: 'Conv2d' })['tower.conv.weight'][1], Math.sqrt(2 / (9 * 64)));
  near(moments({ type: 'Caffe2Xavier', layer: 'Linear' })['fc_cls.weight'][1], Math.sqrt(1 / 128));
});

test('Pretrained is recorded, mistakes are named', () => {
  const config: InitCfg = { type: 'Pretrained', checkpoint: 'torchvision://resnet50' };
  expect(pretrainedOf(config)).toBe('torchvision://resnet50');
  expect(pretrainedOf({ type: 'Normal', std: 1 })).toBeUndefined();
  expect(() => moments({ type: 'Normal', override: { name: 'fc_clss' } })).toThrow(/"tower", "shared_fcs", "fc_cls"/);
  expect(initCfg.safeParse([{ type: 'Normal', std: 0.01, override: { name: 'fc_cls' } }]).success).toBe(true);
  expect(initCfg.safeParse({ type: 'Normall' }).success).toBe(false);
  expect(initCfg.safeParse({ type: 'Normal', sdt: 1 }).success).toBe(false);
  expect(initCfg.safeParse({ type: 'Normal', override: { std: 1 } }).success).toBe(false);
});
