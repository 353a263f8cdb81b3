// The layers of RTMDet-Ins (Lyu et al., RTMDet, 2022): a tower per level for classes and boxes, one as in MMDetection, another for
// the weights of the small network of each mask, and the map of the image that these networks read.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { Conv2d, ConvModule, Module, ModuleList, Sequential } from '../../nn';
import { interpolate } from '../../ops';
import { countParameters, type DynamicNetwork } from '../mask-heads/dynamic-masks';
import { convTower, type TowerConfig, type TowerLayer } from './conv-tower';
import { shareConvs } from './level-towers';

const count = z.int().positive();
export const insLayerOptions = {
  num_prototypes: count.default(8).describe('Channels of the map that masks are computed from'),
  dyconv_channels: count.default(8).describe('Hidden channels of the network of a mask'),
  num_dyconvs: z.int().min(2).default(3).describe('Layers of the network of a mask'),
};

/** All levels at the size of the finest, convolutions, and the map. */
class MaskFeatModule extends Module {
  private readonly fusion: Conv2d;
  private readonly convs: Sequential<ConvModule>;
  private readonly projection: Conv2d;

  constructor({ in_channels: inChannels, feat_channels, ...layers }: TowerConfig, levels: number, outChannels: number) {
    super();
    const conv = (_: unknown, i: number) =>
      new ConvModule({
        ...{ inChannels: i === 0 ? inChannels : feat_channels, outChannels: feat_channels, kernelSize: 3, padding: 1 },
        ...{ normCfg: layers.norm_cfg, actCfg: layers.act_cfg },
      });
    const fusion = { inChannels: levels * inChannels, outChannels: inChannels, kernelSize: 1 };
    this.fusion = this.addChild('fusion_conv', new Conv2d(fusion));
    this.convs = this.addChild('stacked_convs', new Sequential(Array.from({ length: 4 }, conv)));
    const projection = { inChannels: feat_channels, outChannels, kernelSize: 1 };
    this.projection = this.addChild('projection', new Conv2d(projection));
  }

  /** Feature levels [N, h, w, C] -> [N, H, W, outChannels] of the finest. */
  forward(features: tf.Tensor4D[]): tf.Tensor4D {
    return tf.tidy(() => {
      const [, height, width] = features[0].shape;
      const maps = features.map((x, i) => (i === 0 ? x : interpolate(x, { size: [height, width], mode: 'bilinear' })));
      return this.projection.forward(this.convs.forward(this.fusion.forward(maps)));
    });
  }
}

export interface InsLayersConfig extends TowerConfig {
  num_prototypes: number;
  dyconv_channels: number;
  num_dyconvs: number;
  share_conv: boolean;
  pred_kernel_size: number;
  with_objectness?: boolean;
}

export class RTMDetInsLayers {
  readonly network: DynamicNetwork;
  readonly cls: ModuleList<Conv2d>;
  readonly reg: ModuleList<Conv2d>;
  readonly obj: ModuleList<Conv2d>;
  private readonly towers: ModuleList<Sequential<TowerLayer>>;
  private readonly kernelTowers: ModuleList<Sequential<TowerLayer>>;
  private readonly kernels: ModuleList<Conv2d>;
  private readonly maskHead: MaskFeatModule;

  /** @param add adds a child to the module that has the layers */
  constructor(
    config: InsLayersConfig,
    { levels, classes }: { levels: number; classes: number },
    add: <T extends Module>(name: string, child: T) => T,
  ) {
    const { feat_channels, pred_kernel_size: size, num_prototypes, dyconv_channels: hidden, num_dyconvs } = config;
    this.network = { inChannels: num_prototypes, hidden, layers: num_dyconvs };
    const each = <T extends Module>(build: () => T) => new ModuleList(Array.from({ length: levels }, build));
    const predictors = (outChannels: number) =>
      each(() => new Conv2d({ inChannels: feat_channels, outChannels, kernelSize: size, padding: size >> 1 }));
    this.towers = add(
      'cls_convs',
      each(() => convTower(config)),
    );
    // of both, as in MMDetection, whose towers of boxes are those of the classes
    add('reg_convs', new ModuleList(this.towers));
    this.kernelTowers = add(
      'kernel_convs',
      each(() => convTower(config)),
    );
    this.cls = add('rtm_cls', predictors(classes));
    this.reg = add('rtm_reg', predictors(4));
    this.kernels = add('rtm_kernel', predictors(countParameters(this.network)));
    this.obj = add('rtm_obj', config.with_objectness ? predictors(1) : new ModuleList<Conv2d>());
    if (config.share_conv) shareConvs(this.towers);
    this.maskHead = add('mask_head', new MaskFeatModule(config, levels, num_prototypes));
  }

  /** Weights and biases of a mask's network. */
  get parameters(): number {
    return countParameters(this.network);
  }

  /** A level [N, H, W, C] -> logits of classes and of objects, distances, weights of the masks' networks. */
  forward(x: tf.Tensor4D, level: number) {
    const features = this.towers.at(level).forward(x);
    // in training it runs once for each, as in MMDetection: the statistics of its norms are updated twice
    const ofBoxes = this.towers.training ? this.towers.at(level).forward(x) : features;
    return {
      scores: this.cls.at(level).forward(features),
      objects: this.obj.length > 0 ? this.obj.at(level).forward(ofBoxes) : undefined,
      distances: this.reg.at(level).forward(ofBoxes).cast<tf.Tensor4D>('float32'),
      kernels: this.kernels.at(level).forward(this.kernelTowers.at(level).forward(x)),
    };
  }

  /** The map [N, H, W, num_prototypes], at the size of the finest level. */
  maskFeatures(features: tf.Tensor4D[]): tf.Tensor4D {
    return this.maskHead.forward(features);
  }
}
