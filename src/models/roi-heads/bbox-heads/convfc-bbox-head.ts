// ConvFCBBoxHead: convolutions and fully connected layers, shared and per branch, before the predictions:
//                                  /-> cls convs -> cls fcs -> fc_cls
//   shared convs -> shared fcs -> |
//                                  \-> reg convs -> reg fcs -> fc_reg
// Shared2FCBBoxHead and Shared4Conv1FCBBoxHead are its usual settings.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { ConvModule, convCfg, Linear, ModuleList, normCfg, xavier, zeros } from '../../../nn';
import type { BBoxOutputs } from '../types';
import { BBoxHead, type LinearInput, linearInputOf } from './bbox-head';
import { type BBoxHeadConfig, bboxHeadInferred, bboxHeadOptions, inferBBoxHead } from './bbox-head-options';

const count = (meaning: string) => z.number().int().min(0).default(0).describe(meaning);
export const layerWidths = {
  conv_out_channels: z.number().int().positive().default(256).describe('Channels of the convolutions'),
  fc_out_channels: z.number().int().positive().default(1024).describe('Features of the fully connected layers'),
  conv_cfg: convCfg.nullish().describe('Convolution type'),
  norm_cfg: normCfg.nullish().describe('Norm after every convolution'),
};
const counts = {
  num_shared_convs: count('3x3 convolutions shared by both branches'),
  num_shared_fcs: count('Fully connected layers shared by both branches'),
  num_cls_convs: count('3x3 convolutions of the classification branch'),
  num_cls_fcs: count('Fully connected layers of the classification branch'),
  num_reg_convs: count('3x3 convolutions of the regression branch'),
  num_reg_fcs: count('Fully connected layers of the regression branch'),
};
export const convFCOptions = z.strictObject({ ...bboxHeadOptions, ...counts, ...layerWidths });

export type LayerCounts = { [K in keyof typeof counts]: number };
export type ConvFCBBoxHeadConfig = BBoxHeadConfig &
  LayerCounts &
  Pick<z.output<typeof convFCOptions>, keyof typeof layerWidths>;

/** Layers of one branch, planned before they are built: fc_cls and fc_reg come first in the state dict. */
interface Branch {
  convs: { inChannels: number }[];
  fcs: LinearInput[];
  /** What the layer after the branch reads. */
  output: LinearInput;
  /** Set while the output is still a map. */
  channels?: number;
}

function plan(config: ConvFCBBoxHeadConfig, convs: number, fcs: number, input: LinearInput, channels?: number): Branch {
  const { conv_out_channels, fc_out_channels } = config;
  const branch: Branch = { convs: [], fcs: [], output: input, channels };
  for (let i = 0; i < convs; i++) {
    branch.convs.push({ inChannels: branch.channels! });
    branch.channels = conv_out_channels;
    branch.output = linearInputOf(config, conv_out_channels);
  }
  for (let i = 0; i < fcs; i++) {
    branch.fcs.push(branch.output);
    branch.output = { features: fc_out_channels };
    branch.channels = undefined;
  }
  return branch;
}

function planAll(c: ConvFCBBoxHeadConfig): { shared: Branch; cls: Branch; reg: Branch } {
  const shared = plan(c, c.num_shared_convs, c.num_shared_fcs, linearInputOf(c, c.in_channels), c.in_channels);
  return {
    shared,
    cls: plan(c, c.num_cls_convs, c.num_cls_fcs, shared.output, shared.channels),
    reg: plan(c, c.num_reg_convs, c.num_reg_fcs, shared.output, shared.channels),
  };
}

export class ConvFCBBoxHead extends BBoxHead {
  private readonly convs: Record<'shared' | 'cls' | 'reg', ModuleList<ConvModule>>;
  private readonly fcs: Record<'shared' | 'cls' | 'reg', ModuleList<Linear>>;

  constructor(config: ConvFCBBoxHeadConfig, context: BuildContext) {
    checkBranches(config, context.path);
    const branches = planAll(config);
    super(config, context, { cls: branches.cls.output, reg: branches.reg.output });
    const { conv_out_channels: outChannels, fc_out_channels: outFeatures, conv_cfg, norm_cfg } = config;
    const convs = (name: 'shared' | 'cls' | 'reg') =>
      this.addChild(
        `${name}_convs`,
        new ModuleList(
          branches[name].convs.map(
            (c) =>
              new ConvModule({ ...c, outChannels, kernelSize: 3, padding: 1, convCfg: conv_cfg, normCfg: norm_cfg }),
          ),
        ),
      );
    const fcs = (name: 'shared' | 'cls' | 'reg') =>
      this.addChild(
        `${name}_fcs`,
        new ModuleList(
          branches[name].fcs.map(
            ({ features, chw }) =>
              new Linear({ inFeatures: features, chw, outFeatures, init: xavier(), biasInit: zeros }),
          ),
        ),
      );
    const [sharedConvs, sharedFcs] = [convs('shared'), fcs('shared')];
    const [clsConvs, clsFcs] = [convs('cls'), fcs('cls')];
    const [regConvs, regFcs] = [convs('reg'), fcs('reg')];
    this.convs = { shared: sharedConvs, cls: clsConvs, reg: regConvs };
    this.fcs = { shared: sharedFcs, cls: clsFcs, reg: regFcs };
    this.initialize();
  }

  override forward(pooled: tf.Tensor4D): BBoxOutputs {
    return this.predict(this.branch('shared', pooled));
  }

  /** Scores and deltas from what the shared layers give. */
  protected predict(shared: tf.Tensor4D | tf.Tensor2D): BBoxOutputs {
    const row = (name: 'cls' | 'reg') => {
      const y = this.branch(name, shared);
      return y.rank === 4 ? this.flatten(y as tf.Tensor4D) : (y as tf.Tensor2D);
    };
    return { scores: this.fcCls?.forward(row('cls')), deltas: this.fcReg?.forward(row('reg')) };
  }

  protected branch(name: 'shared' | 'cls' | 'reg', x: tf.Tensor4D | tf.Tensor2D): tf.Tensor4D | tf.Tensor2D {
    let map = x;
    for (const conv of this.convs[name]) map = conv.forward(map as tf.Tensor4D);
    if (this.fcs[name].length === 0) return map;
    let row = map.rank === 4 ? this.flatten(map as tf.Tensor4D) : (map as tf.Tensor2D);
    for (const fc of this.fcs[name]) row = fc.forward(row, { activation: 'relu' });
    return row;
  }
}

function checkBranches(c: ConvFCBBoxHeadConfig, path: string): void {
  const fail = (what: string): never => {
    throw new DetLabError(`Cannot build ConvFCBBoxHead at ${path}: ${what}`);
  };
  const branchConvs = c.num_cls_convs + c.num_reg_convs;
  if (branchConvs > 0 && c.num_shared_fcs > 0)
    fail('convolutions of a branch (num_cls_convs, num_reg_convs) cannot follow num_shared_fcs fully connected layers');
  if (!c.with_cls && c.num_cls_convs + c.num_cls_fcs > 0)
    fail('with_cls is false, so num_cls_convs and num_cls_fcs must be 0');
  if (!c.with_reg && c.num_reg_convs + c.num_reg_fcs > 0)
    fail('with_reg is false, so num_reg_convs and num_reg_fcs must be 0');
  const all = c.num_shared_convs + c.num_shared_fcs + branchConvs + c.num_cls_fcs + c.num_reg_fcs;
  if (all === 0)
    fail('it has no layers before its predictions. Give num_shared_fcs or another number, or use BBoxHead');
}

export const convFCBBoxHeadDefinition = defineModule({
  kind: 'bbox_head',
  type: 'ConvFCBBoxHead',
  summary: 'Class scores and box deltas of RoIs, after convolutions and fully connected layers, shared or per branch',
  origin: 'MMDetection: the box heads of Fast R-CNN and FPN with any number of layers',
  shapes: 'pooled RoIs [K, h, w, C] -> scores [K, classes + 1], deltas [K, classes * 4]',
  example: "{ type: 'ConvFCBBoxHead', num_shared_convs: 4, num_shared_fcs: 1, in_channels: 256, num_classes: 80 }",
  options: convFCOptions,
  inferred: bboxHeadInferred,
  infer: (given, context) => inferBBoxHead('ConvFCBBoxHead', given, context),
  build: (given, context) => new ConvFCBBoxHead(given as ConvFCBBoxHeadConfig, context),
});
