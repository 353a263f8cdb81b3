// RTMDetRotatedSepBNHeadModule: the layers of RTMDet's head and, from the tower of the boxes, the angle of each (Lyu et al., RTMDet,
// 2022; MMYOLO).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { Conv2d, ModuleList } from '../../nn';
import {
  RTMDetSepBNHeadModule,
  type RTMDetSepBNHeadModuleConfig,
  rtmdetModuleOptions,
} from './rtmdet-sep-bn-head-module';
import { inferTowerModule } from './yolox-head-module';

const options = z.strictObject({
  ...rtmdetModuleOptions,
  angle_out_dim: z.int().positive().default(1).describe("Numbers per angle, those of the head's angle_coder"),
});
type Config = RTMDetSepBNHeadModuleConfig & Pick<z.output<typeof options>, 'angle_out_dim'>;

export class RTMDetRotatedSepBNHeadModule extends RTMDetSepBNHeadModule {
  override readonly columns: Readonly<Record<'scores' | 'deltas' | 'angles', number>>;
  private readonly angles: ModuleList<Conv2d>;

  constructor(config: Config) {
    super(config);
    this.columns = { scores: config.num_classes, deltas: 4, angles: config.angle_out_dim };
    this.angles = this.addChild('rtm_ang', this.towers.predictors(config.angle_out_dim, config.pred_kernel_size));
    this.startValues();
  }

  protected override predict(cls: tf.Tensor4D, reg: tf.Tensor4D, level: number): Record<string, tf.Tensor4D> {
    return { ...super.predict(cls, reg, level), angles: this.angles.at(level).forward(reg).cast('float32') };
  }
}

export const rtmdetRotatedSepBNHeadModuleDefinition = defineModule({
  kind: 'head_module',
  type: 'RTMDetRotatedSepBNHeadModule',
  summary: 'Layers of the RTMDet head for rotated boxes',
  paper: 'Lyu et al., RTMDet, 2022 (MMYOLO)',
  shapes:
    'feature levels [N, H, W, C] -> logits [N, H, W, classes], distances [N, H, W, 4] in pixels and angles [N, H, W, 1]',
  example: "{ type: 'RTMDetRotatedSepBNHeadModule', num_classes: 15, in_channels: 256, widen_factor: 0.5 }",
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferTowerModule('RTMDetRotatedSepBNHeadModule', given, context),
  build: (given) => new RTMDetRotatedSepBNHeadModule(given as Config),
});
