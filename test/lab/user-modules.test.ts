// Modules of the user's are refused when a model is built, by name, where they differ from what they declare.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type BuildContext,
  defineModule,
  detector,
  type FeatureSpec,
  Module,
  nn,
  register,
  startEngine,
} from '../../src';
import { AnchorHead, type AnchorMaps } from '../../src/models/dense-heads/anchor-head';
import { cellPriors } from '../../src/models/dense-heads/cell-priors';
import { type RetinaHeadConfig, retinaOptions } from '../../src/models/dense-heads/retina-head';
import { denseHeadInferred, inferDenseHead } from '../../src/models/inferred-options/infer-dense-head';
import { small } from './small';

beforeAll(() => startEngine());

type Forward = (features: tf.Tensor4D[]) => unknown;

class OwnNeck extends Module {
  constructor(
    readonly outputs: FeatureSpec[],
    readonly forward: Forward,
  ) {
    super();
  }
}

/** Builds a model whose neck is made of the levels it reads. */
async function withNeck(make: (inputs: FeatureSpec[]) => unknown) {
  const definition = defineModule({
    kind: 'neck',
    type: 'OwnNeck',
    summary: 'A test',
    example: "{ type: 'OwnNeck' }",
    options: z.strictObject({}),
    build: (_, { inputs = [] }) => make(inputs) as OwnNeck & { forward(x: tf.Tensor4D[]): tf.Tensor4D[] },
  });
  register(definition);
  const model = await small()
    .set({ 'model.neck': { _delete_: true, type: 'OwnNeck' } })
    .build();
  model.dispose();
}

const channels = 16;
const declare = (inputs: FeatureSpec[]) => inputs.map(({ stride }) => ({ stride, channels }));
const pooled = (x: tf.Tensor4D, size: number) => tf.avgPool(x, size, size, 'same');
const widened = (x: tf.Tensor4D, to = channels) => tf.tile(tf.mean(x, 3, true), [1, 1, 1, to]) as tf.Tensor4D;
const same: Forward = (features) => features.map((x) => widened(x));

describe('a neck', () => {
  it('that does what it declares is taken, and leaves no tensors', async () => {
    const make = (inputs: FeatureSpec[]) => {
      const outputs = [...declare(inputs), { stride: 64, channels }];
      return new OwnNeck(outputs, (xs) => [...xs, tf.maxPool(xs[3], 1, 2, 'valid')].map((x) => widened(x)));
    };
    const before = tf.memory().numTensors;
    await withNeck(make);
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each<[string, (inputs: FeatureSpec[]) => unknown, RegExp]>([
    [
      'without outputs',
      () => new OwnNeck(undefined as never, same),
      /Cannot build neck "OwnNeck" \(model\.neck\): it has no `outputs`: received undefined, .*this\.outputs = inputs\.map/,
    ],
    ['with empty outputs', () => new OwnNeck([], same), /it has no `outputs`: received a list of 0/],
    [
      'with outputs that are no levels',
      (inputs) => new OwnNeck(inputs.map(({ stride }) => ({ stride })) as never, same),
      /outputs\[0\] is \{"stride":4\}, expected \{ channels, stride \}/,
    ],
    [
      'with other channels',
      (inputs) => new OwnNeck(declare(inputs), (xs) => xs.map((x, i) => widened(x, i === 2 ? 8 : 16))),
      /level 2 of its forward has 8 channels \(\[1, 8, 12, 8\]\), outputs\[2\] declares 16/,
    ],
    [
      'with fewer levels',
      (inputs) => new OwnNeck(declare(inputs), (xs) => xs.slice(1).map((x) => widened(x))),
      /its forward returns 3 levels \(.*\), outputs declares 4 \(16 channels at stride 4, .* stride 32\)/,
    ],
    [
      'with other strides',
      (inputs) => new OwnNeck(declare(inputs), (xs) => xs.map((x) => widened(pooled(x, 2)))),
      /level 0 of its forward is \[1, 16, 24, 16\] .* a stride of 8; outputs\[0\] declares stride 4/,
    ],
    [
      'with height and width exchanged',
      (inputs) => new OwnNeck(declare(inputs), (xs) => xs.map((x) => tf.transpose(widened(x), [0, 2, 1, 3]))),
      /level 0 of its forward is \[1, 48, 32, 16\]/,
    ],
    [
      'that returns one tensor',
      (inputs) => new OwnNeck(declare(inputs), ([x]) => widened(x)),
      /its forward returns \[1, 32, 48, 16\], expected a list of tensors/,
    ],
    [
      'that returns a promise',
      (inputs) => new OwnNeck(declare(inputs), async (xs) => xs),
      /its forward returns a promise: it must not be async, expected a list of tensors/,
    ],
    [
      'whose forward throws',
      (inputs) => new OwnNeck(declare(inputs), (xs) => xs.map((x) => tf.matMul(x, tf.ones([3, 3])))),
      /Cannot build neck "OwnNeck" \(model\.neck\): its forward fails on inputs \[1, 32, 48, 8\], .*"matmul"/,
    ],
    [
      'whose build throws',
      () => {
        throw new RangeError('no room');
      },
      /Cannot build neck "OwnNeck" \(model\.neck\): its build fails: no room/,
    ],
    [
      'with modules that are no children',
      (inputs) => {
        const neck = new OwnNeck(declare(inputs), same);
        const convs = inputs.map(
          ({ channels: inChannels }) => new nn.Conv2d({ inChannels, outChannels: 16, kernelSize: 1 }),
        );
        return Object.assign(neck, { convs });
      },
      /"convs" holds modules that are not its children, .* this\.addChild\('convs', new nn\.ModuleList\(\[\.\.\.\]\)\)/,
    ],
    ['without forward', (inputs) => new OwnNeck(declare(inputs), undefined as never), /it has no method forward/],
    [
      'that is no Module',
      () => ({ outputs: [] }),
      /its build returned an object, expected an instance of a class that/,
    ],
    ['that is built later', async (inputs) => new OwnNeck(declare(inputs), same), /its build returned a promise/],
  ])('%s is refused by name', async (_, make, message) => {
    await expect(withNeck(make)).rejects.toThrow(message);
  });

  it('whose forward throws keeps the error as the cause', async () => {
    const error = new RangeError('mine');
    const fails = withNeck(
      (inputs) =>
        new OwnNeck(declare(inputs), () => {
          throw error;
        }),
    );
    await expect(fails).rejects.toMatchObject({ name: 'DetLabError', cause: error });
  });
});

it('a backbone is run on an image', async () => {
  class OwnBackbone extends Module {
    readonly outputs: FeatureSpec[] = [4, 8, 16, 32].map((stride) => ({ stride, channels: 8 * stride }));
    private readonly stem = this.addChild('stem', new nn.Conv2d({ inChannels: 3, outChannels: 32, kernelSize: 1 }));
    forward(x: tf.Tensor4D): tf.Tensor4D[] {
      return [4, 8, 16, 32].map((stride) => pooled(this.stem.forward(x), stride));
    }
  }
  register(
    defineModule({
      kind: 'backbone',
      type: 'OwnBackbone',
      summary: 'A test',
      example: "{ type: 'OwnBackbone' }",
      options: z.strictObject({}),
      build: () => new OwnBackbone(),
    }),
  );
  const recipe = small().set({ 'model.backbone': { _delete_: true, type: 'OwnBackbone' } });
  await expect(recipe.build()).rejects.toThrow(
    /Cannot build backbone "OwnBackbone" \(model\.backbone\): level 1 of its forward has 32 channels .* declares 64/,
  );
  await expect(recipe.summary()).rejects.toThrow(/Cannot build backbone "OwnBackbone"/);
});

it('a dense head whose maps are not those of its levels is refused by name', async () => {
  class OwnHead extends AnchorHead<RetinaHeadConfig> {
    private readonly cls: nn.Conv2d;
    constructor(config: RetinaHeadConfig, context: BuildContext) {
      super(config, context);
      const outChannels = cellPriors('OwnHead', this.priors, context.path) * this.scoreChannels;
      this.cls = this.addChild('cls', new nn.Conv2d({ inChannels: 16, outChannels, kernelSize: 3 }));
    }
    protected override forwardSingle(x: tf.Tensor4D): Record<AnchorMaps, tf.Tensor4D> {
      return { scores: this.cls.forward(x), deltas: x };
    }
  }
  register(
    defineModule({
      kind: 'dense_head',
      type: 'OwnHead',
      summary: 'A test',
      example: "{ type: 'OwnHead' }",
      options: z.strictObject(retinaOptions),
      inferred: denseHeadInferred,
      infer: (given, context) => inferDenseHead('OwnHead', given, context),
      build: (given, context) => new OwnHead(given as RetinaHeadConfig, context),
    }),
  );
  const recipe = detector('retinanet_r18_fpn_1x_coco')
    .classes(['a', 'b'])
    .set({ 'model.backbone.init_cfg': null, 'model.neck.out_channels': 16 })
    .set({ 'model.bbox_head.type': 'OwnHead', 'model.bbox_head.in_channels': 16, 'model.bbox_head.feat_channels': 16 });
  await expect(recipe.build()).rejects.toThrow(
    /Cannot build dense head "OwnHead" \(model\.bbox_head\): "scores" of level 0 is \[1, \d+, \d+, \d+\], expected a map/,
  );
});

it('register refuses what is no definition, and the names of built-in modules', () => {
  expect(() => register({ type: 'Half' } as never)).toThrow(
    /Cannot register an object: it has no kind, no options, no build/,
  );
  const options = z.strictObject({});
  const build = () => new OwnNeck([], same);
  expect(() => register({ kind: 'nek', type: 'X', options, build } as never)).toThrow(
    /no kind "nek"\. Did you mean "neck"/,
  );
  expect(() => register({ kind: 'neck', type: 'FPN', options, build } as never)).toThrow(
    /Cannot register neck "FPN": DetLab has a module of this name.* such as "MyFPN"/,
  );
});
