// CentripetalHead: CornerNet's corners, paired by where each sees the center of its box, from features that a deformable convolution
// adapts to the size of the object (Dong et al., CentripetalNet, CVPR 2020).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { ConvModule, DeformConv2d, type Module, ModuleList, normal, type Sequential } from '../../nn';
import { resetConvolutions } from '../../nn/reset-convolutions';
import { stopGradient } from '../../ops';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import type { Loss } from '../losses';
import {
  type CornerBranch,
  CornerHead,
  type CornerHeadConfig,
  type CornerMaps,
  type CornerPlace,
  cornerHeadOptions,
  type LevelCorners,
  predict,
} from './corner-head';
import { type Agreement, type Corner, sameCenter } from './corner-pairs';
import type { CornerTargets, Side } from './corner-targets';

const options = z.strictObject({
  ...cornerHeadOptions,
  corner_emb_channels: z
    .int()
    .min(0)
    .default(1)
    .describe('Numbers of the embedding of a corner; 0: none. Its layers are there for checkpoints'),
  loss_embedding: ignoredOption('corners are paired by the center of their box', {
    schema: moduleOption('loss').nullish(),
  }),
  centripetal_shift_channels: z.literal(2).default(2).describe('Always 2: x and y'),
  guiding_shift_channels: z.literal(2).default(2).describe('Always 2: x and y'),
  feat_adaption_conv_kernel: z
    .literal(3)
    .default(3)
    .describe('Kernel size of the deformable convolution: always 3, as its padding is 1'),
  loss_guiding_shift: moduleOption('loss')
    .default({ type: 'SmoothL1Loss', beta: 1, loss_weight: 0.05 })
    .describe('Loss of the way from the cell of a corner to the center'),
  loss_centripetal_shift: moduleOption('loss')
    .default({ type: 'SmoothL1Loss', beta: 1, loss_weight: 1 })
    .describe('Loss of the logarithm of the distance from a corner to the center'),
});
export type CentripetalHeadConfig = CornerHeadConfig &
  Pick<z.output<typeof options>, 'loss_guiding_shift' | 'loss_centripetal_shift'>;

/** Of each side, by level. */
type Layers<T extends Module> = Record<Side, ModuleList<T>>;

export class CentripetalHead extends CornerHead<CentripetalHeadConfig> {
  private readonly adaption: Layers<DeformConv2d>;
  private readonly dcnOffset: Layers<ConvModule>;
  private readonly guiding: Record<Side, CornerBranch>;
  private readonly centripetal: Record<Side, CornerBranch>;
  private readonly lossGuiding: Loss;
  private readonly lossCentripetal: Loss;

  constructor(config: CentripetalHeadConfig, context: BuildContext) {
    super({ ...config, loss_embedding: null }, context);
    const { registry, path } = context;
    const { in_channels: channels, num_feat_levels: length } = config;
    const layers = <T extends Module>(name: string, make: () => T): Layers<T> => {
      const ofSide = (side: Side) => this.addChild(`${side}_${name}`, new ModuleList<T>(Array.from({ length }, make)));
      return { tl: ofSide('tl'), br: ofSide('br') };
    };
    this.adaption = layers('feat_adaption', () => {
      const conv = new DeformConv2d({ inChannels: channels, outChannels: channels, kernelSize: 3, padding: 1 });
      conv.weight.initializer = normal(0.01);
      return conv;
    });
    this.dcnOffset = layers('dcn_offset', () => {
      const conv = new ConvModule({ inChannels: 2, outChannels: 18, kernelSize: 1, bias: false, actCfg: null });
      conv.conv.weight.initializer = normal(0.1);
      return conv;
    });
    this.guiding = this.addBranches('guiding_shift', 2);
    this.centripetal = this.addBranches('centripetal_shift', 2);
    for (const branches of [this.guiding, this.centripetal])
      for (const branch of [...branches.tl, ...branches.br] as Sequential<ConvModule>[]) resetConvolutions(branch);
    const build = (name: 'loss_guiding_shift' | 'loss_centripetal_shift') =>
      registry.build('loss', config[name], { path: `${path}.${name}` });
    this.lossGuiding = build('loss_guiding_shift');
    this.lossCentripetal = build('loss_centripetal_shift');
  }

  protected override corner(side: Side, pooled: tf.Tensor4D, level: number): CornerMaps {
    const guiding = predict(this.guiding[side], pooled, level);
    const fixed: tf.Tensor4D = stopGradient(guiding);
    const offsets = this.dcnOffset[side].at(level).forward(fixed);
    const adapted = this.adaption[side].at(level).forward(pooled, offsets);
    return {
      ...super.corner(side, pooled, level),
      guiding,
      centripetal: predict(this.centripetal[side], adapted, level),
    };
  }

  /** `det_loss`, `off_loss`, `guiding_loss` and `centripetal_loss`. */
  protected override levelLosses(level: LevelCorners, targets: CornerTargets): Record<string, tf.Scalar> {
    return {
      ...super.levelLosses(level, targets),
      guiding_loss: this.cornerLoss(this.lossGuiding, level, targets, 'guiding', 'guiding'),
      centripetal_loss: this.cornerLoss(this.lossCentripetal, level, targets, 'centripetal', 'centripetal'),
    };
  }

  override get pairing(): 'embedding' | 'center' {
    return 'center';
  }

  protected override agreement(threshold: number): Agreement {
    return sameCenter(threshold);
  }

  /** Where it sees the center of its box. */
  protected override describeCorner(corner: Corner, { side, values, row, at: [x, y], place }: CornerPlace): Corner {
    const sign = side === 'tl' ? 1 : -1;
    const [dx, dy] = [0, 1].map((axis) => sign * Math.exp(values.centripetal![2 * row + axis]));
    return { ...corner, center: place(Math.fround(x + dx), Math.fround(y + dy)) };
  }
}

export const centripetalHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'CentripetalHead',
  summary: 'Objects as pairs of corners that see the center of the box at the same place',
  paper: 'Dong et al., CentripetalNet: Pursuing High-quality Keypoint Pairs for Object Detection, CVPR 2020',
  shapes: 'feature levels [N, H, W, C] of one size -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'CentripetalHead', num_classes: 80, num_feat_levels: 2, corner_emb_channels: 0 }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('CentripetalHead', given, context),
  build: (given, context) => new CentripetalHead(given as CentripetalHeadConfig, context),
});
