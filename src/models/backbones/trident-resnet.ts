// TridentResNet (Li et al., Scale-Aware Trident Networks, ICCV 2019): a ResNet of three stages whose last one has branches with the
// same weights and other dilations. Maps of branches are joined along the batch, the first branch's first. In prediction one branch
// is enough (`test_branch_idx`). The shortcut of that stage is a strided convolution whatever `avg_down` says, as in the reference.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { Conv2d, type Conv2dConfig, type Epilogue } from '../../nn/conv2d';
import { kaiming } from '../../nn/initializers';
import { conv2d } from '../../ops/conv2d';
import type { FeatureMaps } from '../../ops/join-maps';
import type { BlockConfig } from './basic-block';
import { Bottleneck } from './bottleneck';
import { ResidualNetwork } from './residual-network';
import { checkStages, residualOptions } from './residual-options';
import { resNetPlan } from './resnet';

const branchOptions = {
  num_branch: z.int().positive().describe('Branches of the last stage'),
  test_branch_idx: z.int().min(-1).describe('The branch that predicts; -1: all'),
  trident_dilations: z.array(z.int().positive()).min(1).describe('Dilation of each branch'),
};
const options = z.strictObject({
  depth: z
    .union([z.literal(50), z.literal(101), z.literal(152)], { error: 'expected a depth of 50, 101 or 152' })
    .describe('Depth: 50, 101 or 152'),
  ...branchOptions,
  ...residualOptions,
});
type Options = z.output<typeof options>;
const LAST = 2;

/** One filter, dilated for each branch. */
class TridentConv extends Conv2d {
  override readonly layerNames: string[] = ['TridentConv'];
  /** Dilation of the next call. */
  next = 1;

  protected override convolve(
    x: FeatureMaps,
    filter: tf.Tensor4D,
    options: Epilogue & { bias?: tf.Tensor; scale?: tf.Tensor },
  ): tf.Tensor4D {
    const around: [number, number] = [this.next, this.next];
    return conv2d(x, filter, { strides: this.stride, padding: around, dilations: around, groups: 1, ...options });
  }
}

class TridentBottleneck extends Bottleneck {
  constructor(
    config: BlockConfig,
    private readonly conv: TridentConv,
    private readonly branches: Pick<Options, 'test_branch_idx' | 'trident_dilations'>,
  ) {
    super({ ...config, buildMiddle: () => conv });
    this.first = config.first === true;
  }

  private readonly first: boolean;

  /** Maps of all branches that are computed, joined along the batch; the first block reads one map for all. */
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    const { test_branch_idx: only, trident_dilations: dilations } = this.branches;
    const branch = (map: tf.Tensor4D, dilation: number) => {
      this.conv.next = dilation;
      return super.forward(map);
    };
    if (!this.training && only !== -1) return branch(x, dilations[only]);
    return tf.tidy(() => {
      const maps = this.first ? dilations.map(() => x) : (tf.split(x, dilations.length, 0) as tf.Tensor4D[]);
      return tf.concat(maps.map((map, i) => branch(map, dilations[i])));
    });
  }
}

export class TridentResNet extends ResidualNetwork {
  readonly numBranches: number;
  readonly testBranch: number;

  constructor(o: Options) {
    const plan = resNetPlan(o);
    const init = kaiming({ mode: 'fan_in', distribution: 'uniform' });
    const trident = (config: BlockConfig): Bottleneck => {
      const { planes, stride, style } = config;
      const shape: Conv2dConfig = { inChannels: planes, outChannels: planes, kernelSize: 3, bias: false, init };
      return new TridentBottleneck(config, new TridentConv({ ...shape, stride: style === 'caffe' ? 1 : stride }), o);
    };
    super(o, {
      ...plan,
      plainShortcutOf: LAST,
      block: (config, stage) => (stage === LAST ? trident(config) : plan.block(config, stage)),
    });
    this.numBranches = o.num_branch;
    this.testBranch = o.test_branch_idx;
  }
}

function check(o: Options, path: string): Options {
  const checked = checkStages('TridentResNet', o, { path, bottleneck: true });
  const fail = (what: string): never => {
    throw new DetLabError(`Cannot build backbone "TridentResNet"${path ? ` at ${path}` : ''}: ${what}`);
  };
  if (o.num_stages !== LAST + 1) fail(`expected num_stages 3, received ${o.num_stages}`);
  if (o.trident_dilations.length !== o.num_branch)
    fail(
      `expected a dilation for each of ${o.num_branch} branches (num_branch), received ${o.trident_dilations.length}`,
    );
  if (o.test_branch_idx >= o.num_branch)
    fail(`test_branch_idx is ${o.test_branch_idx}, but the branches are 0 to ${o.num_branch - 1}`);
  if (checked.dilations[LAST] !== 1)
    fail('the dilations of the last stage are trident_dilations: leave dilations[2] at 1');
  if (o.dcn && o.stage_with_dcn[LAST]) fail('the last stage cannot be deformable: set stage_with_dcn[2] to false');
  return checked;
}

export const tridentResNet = defineModule({
  kind: 'backbone',
  type: 'TridentResNet',
  summary: 'ResNet of three stages whose last one has branches of other dilations with the same weights.',
  paper: 'Li, Chen, Wang and Zhang: Scale-Aware Trident Networks for Object Detection, ICCV 2019',
  shapes: '[N, H, W, 3] -> feature levels, the last one [branches N, H/16, W/16, 1024] in training',
  example: `{
  type: 'TridentResNet', depth: 50, num_branch: 3, test_branch_idx: 1, trident_dilations: [1, 2, 3], num_stages: 3,
  strides: [1, 2, 2], dilations: [1, 1, 1], out_indices: [2],
}`,
  options,
  infer: (o, { path }) => check(o, path),
  build: (o) => new TridentResNet(o),
});
