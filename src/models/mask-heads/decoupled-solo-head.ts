// DecoupledSOLOHead: the mask of a cell is the product of a map of its column and one of its row, 2 S maps in place of S * S
// (Wang et al., SOLO, ECCV 2020). Each has a tower of its own; DecoupledSOLOLightHead has one for both.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { applyInitCfg, type Conv2d, type ConvCfg, ConvModule, ModuleList, Sequential } from '../../nn';
import { interpolate } from '../../ops';
import { convTower, type TowerLayer } from '../dense-heads/conv-tower';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { withCoordinates } from '../layers/coordinate-channels';
import { zeroLoss } from '../losses';
import type { LevelMaskTensors } from './grid-mask-parts';
import { byLevel, imageOf, LevelGridHead, resizeMasks } from './solo-head';
import { dcnOption, type GridMaskHeadConfig, gridInit, gridOptions } from './solo-options';

/** Logits [N, 2h, 2w, S] of the columns' and of the rows' maps. */
interface AxisMaps {
  x: tf.Tensor4D;
  y: tf.Tensor4D;
}
type Config = GridMaskHeadConfig & { dcn_cfg?: ConvCfg | null };
const doubled = (x: tf.Tensor4D) => interpolate(x, { scaleFactor: 2, mode: 'bilinear' });

abstract class AxisGridHead extends LevelGridHead<AxisMaps> {
  private readonly listX: ModuleList<Conv2d>;
  private readonly listY: ModuleList<Conv2d>;
  private readonly towers: (x: tf.Tensor4D) => AxisMaps;

  constructor(config: Config, context: BuildContext) {
    super(config, context);
    this.towers = this.addTowers(config);
    this.addChild('cls_convs', this.clsConvs);
    const lists = () => new ModuleList(config.num_grids.map((grid) => this.predictor(grid, 3)));
    this.listX = this.addChild('conv_mask_list_x', lists());
    this.listY = this.addChild('conv_mask_list_y', lists());
    this.addChild('conv_cls', this.cls);
    applyInitCfg(this, config.init_cfg);
  }

  /** Called while the head is built. The result gives what columns and what rows are predicted from [N, h, w, feat_channels]. */
  protected abstract addTowers(config: Config): (x: tf.Tensor4D) => AxisMaps;

  protected override maskMaps(input: tf.Tensor4D, level: number): AxisMaps {
    const { x, y } = this.towers(input);
    const columns = doubled(x);
    return {
      x: this.listX.at(level).forward(columns),
      y: this.listY.at(level).forward(y === x ? columns : doubled(y)),
    };
  }

  protected override mapSize({ x }: AxisMaps): [number, number] {
    return [x.shape[1], x.shape[2]];
  }

  /** Probabilities, which the loss takes as they are (`activate: false`). */
  protected override levelMasks(maps: AxisMaps[], level: number, image: number, cells: Int32Array): tf.Tensor3D {
    const { x, y } = this.cellMaps(maps[level], level, image, cells);
    return tf.mul(x, y);
  }

  /** Both probabilities [k, 2h, 2w] of each cell. */
  private cellMaps(maps: AxisMaps, level: number, image: number, cells: Int32Array) {
    const grid = this.config.num_grids[level];
    const at = (map: tf.Tensor4D, indices: Int32Array) => {
      const first = tf.transpose(imageOf(map, image), [2, 0, 1]);
      return tf.sigmoid(tf.gather(first, tf.tensor1d(indices, 'int32')).cast<tf.Tensor3D>('float32'));
    };
    return {
      x: at(
        maps.x,
        cells.map((cell) => cell % grid),
      ),
      y: at(
        maps.y,
        cells.map((cell) => Math.floor(cell / grid)),
      ),
    };
  }

  protected override levelTensors(maps: AxisMaps[], level: number): LevelMaskTensors {
    return { columns: maps[level].x, rows: maps[level].y };
  }

  protected override probabilities(maps: AxisMaps[], image: number, cells: Int32Array): tf.Tensor3D {
    const size = this.mapSize(maps[0]);
    return byLevel(cells, this.config.num_grids, (level, own) => {
      const { x, y } = this.cellMaps(maps[level], level, image, own);
      return tf.mul(resizeMasks(x, size), resizeMasks(y, size));
    });
  }

  protected override noMasks(level: number): tf.Scalar {
    return tf.add(zeroLoss(this.listX.at(level)), zeroLoss(this.listY.at(level)));
  }
}

export class DecoupledSOLOHead extends AxisGridHead {
  protected override addTowers(config: Config) {
    const tower = () => convTower({ ...config, in_channels: config.in_channels + 1 });
    const columns = this.addChild('mask_convs_x', tower());
    const rows = this.addChild('mask_convs_y', tower());
    return (x: tf.Tensor4D) => ({
      x: columns.forward(withCoordinates(x, 'x')),
      y: rows.forward(withCoordinates(x, 'y')),
    });
  }
}

/** The last convolution of both towers is deformable with `dcn_cfg`. */
export class DecoupledSOLOLightHead extends AxisGridHead {
  protected override classTower(): Sequential<TowerLayer> {
    return this.lightTower(this.config.in_channels);
  }

  private lightTower(inChannels: number): Sequential<TowerLayer> {
    const { stacked_convs, feat_channels, norm_cfg: normCfg, dcn_cfg } = this.config as Config;
    const layer = (_: unknown, i: number) =>
      new ConvModule({
        inChannels: i === 0 ? inChannels : feat_channels,
        outChannels: feat_channels,
        kernelSize: 3,
        padding: 1,
        convCfg: i === stacked_convs - 1 ? dcn_cfg : null,
        normCfg,
      });
    return new Sequential(Array.from({ length: stacked_convs }, layer));
  }

  protected override addTowers({ in_channels }: Config) {
    const convs = this.addChild('mask_convs', this.lightTower(in_channels + 2));
    return (input: tf.Tensor4D) => {
      const features = convs.forward(withCoordinates(input, 'xy'));
      return { x: features, y: features };
    };
  }
}

const init_cfg = gridInit('conv_mask_list_x', 'conv_mask_list_y', 'conv_cls');
const shared = {
  kind: 'mask_head' as const,
  paper: 'Wang et al., SOLO: Segmenting Objects by Locations, ECCV 2020',
  shapes: 'feature levels [N, H, W, C] -> per image, masks, boxes [n, 4], scores [n] and labels [n]',
  inferred: denseHeadInferred,
};
const loss = "loss_mask: { type: 'DiceLoss', use_sigmoid: true, activate: false, loss_weight: 3 }";

export const decoupledSOLOHeadDefinition = defineModule({
  ...shared,
  type: 'DecoupledSOLOHead',
  summary: 'SOLO whose masks are products of a map for the column and one for the row of a cell',
  example: `{ type: 'DecoupledSOLOHead', num_classes: 80, in_channels: 256, stacked_convs: 7, ${loss} }`,
  options: z.strictObject({ ...gridOptions, init_cfg }),
  infer: (given, context) => inferDenseHead('DecoupledSOLOHead', given, context),
  build: (given, context) => new DecoupledSOLOHead(given as Config, context),
});

export const decoupledSOLOLightHeadDefinition = defineModule({
  ...shared,
  type: 'DecoupledSOLOLightHead',
  summary: 'Decoupled SOLO with one tower for the maps of columns and rows',
  example: `{ type: 'DecoupledSOLOLightHead', num_classes: 80, in_channels: 256, ${loss} }`,
  options: z.strictObject({ ...gridOptions, dcn_cfg: dcnOption, init_cfg }),
  infer: (given, context) => inferDenseHead('DecoupledSOLOLightHead', given, context),
  build: (given, context) => new DecoupledSOLOLightHead(given as Config, context),
});
