// YOLOXPoseHeadModule: YOLOXHeadModule with a tower of twice as many convolutions per level for keypoints, each an offset from the point
// and a logit of being visible (YOLOX-Pose of MMYOLO, after Maji et al., YOLO-Pose, CVPRW 2022).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { Conv2d, ModuleList, type Sequential } from '../../nn';
import { convTower, type TowerLayer } from './conv-tower';
import type { HeadModule } from './head-module';
import { rareClassBias } from './rare-class-bias';
import {
  inferTowerModule,
  scaledTowers,
  YOLOXHeadModule,
  type YOLOXHeadModuleConfig,
  yoloxModuleOptions,
} from './yolox-head-module';

const options = z.strictObject({
  ...yoloxModuleOptions,
  num_keypoints: z.int().positive().describe('Keypoints of an object'),
});
type Config = YOLOXHeadModuleConfig & { num_keypoints: number };

export class YOLOXPoseHeadModule extends YOLOXHeadModule implements HeadModule {
  readonly numKeypoints: number;
  private readonly pose: ModuleList<Sequential<TowerLayer>>;
  private readonly offsets: ModuleList<Conv2d>;
  private readonly visible: ModuleList<Conv2d>;

  constructor(config: Config) {
    super(config);
    this.numKeypoints = config.num_keypoints;
    const scaled = scaledTowers(config);
    const levels = config.featmap_strides;
    const tower = () => convTower({ ...scaled, stacked_convs: 2 * config.stacked_convs });
    const predictors = (outChannels: number) =>
      new ModuleList(levels.map(() => new Conv2d({ inChannels: scaled.feat_channels, outChannels, kernelSize: 1 })));
    this.pose = this.addChild('multi_level_pose_convs', new ModuleList(levels.map(tower)));
    this.offsets = this.addChild('multi_level_conv_offsets', predictors(2 * config.num_keypoints));
    this.visible = this.addChild('multi_level_conv_vis', predictors(config.num_keypoints));
    this.initialize(config);
    for (const conv of this.visible) conv.bias!.initializer = rareClassBias;
  }

  override get columns(): Record<string, number> {
    return { ...super.columns, offsets: 2 * this.numKeypoints, visible: this.numKeypoints };
  }

  override forwardSingle(x: tf.Tensor4D, level: number): Record<string, tf.Tensor4D> {
    const features = this.pose.at(level).forward(x);
    return {
      ...super.forwardSingle(x, level),
      offsets: this.offsets.at(level).forward(features),
      visible: this.visible.at(level).forward(features),
    };
  }
}

export const yoloxPoseHeadModuleDefinition = defineModule({
  kind: 'head_module',
  type: 'YOLOXPoseHeadModule',
  summary: 'Layers of YOLOXPoseHead: those of YOLOX, and a deeper tower per level for keypoints',
  paper: 'Maji et al., YOLO-Pose, CVPRW 2022 (YOLOX-Pose of MMYOLO)',
  shapes:
    'feature levels [N, H, W, C] -> those of YOLOXHeadModule, offsets [N, H, W, 2 keypoints] and logits [N, H, W, keypoints]',
  example: "{ type: 'YOLOXPoseHeadModule', num_classes: 1, num_keypoints: 17, in_channels: 256, widen_factor: 0.5 }",
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferTowerModule('YOLOXPoseHeadModule', given, context),
  build: (given) => new YOLOXPoseHeadModule(given as Config),
});
