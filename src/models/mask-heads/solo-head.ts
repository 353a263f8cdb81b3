// SOLOHead: a map of the feature level is a mask of each of S x S cells, by one more convolution (Wang et al., SOLO: Segmenting
// Objects by Locations, ECCV 2020).
//   level [N, h, w, C] -> with coordinates -> mask_convs -> x2 -> conv_mask_list[level] -> [N, 2h, 2w, S * S]
//                     \-> cls_convs, resized to S x S on the way -> conv_cls -> [N, S, S, classes]

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { applyInitCfg, Conv2d, ModuleList, type Sequential } from '../../nn';
import { interpolate } from '../../ops';
import { convTower, type TowerLayer } from '../dense-heads/conv-tower';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { withCoordinates } from '../layers/coordinate-channels';
import { zeroLoss } from '../losses';
import { type GridMaps, GridMaskHead, type TargetMap } from './grid-mask-head';
import type { LevelMaskTensors } from './grid-mask-parts';
import { type GridTargets, lastOfEachCell } from './grid-targets';
import { type GridMaskHeadConfig, gridInit, gridOptions } from './solo-options';

type Size = [number, number];
const sizeOf = ({ shape }: tf.Tensor4D): Size => [shape[1], shape[2]];

/** The levels with less disparate sizes: the first halved, the last at the size of the one before. */
export function resizedLevels(levels: tf.Tensor4D[]): tf.Tensor4D[] {
  const last = levels.length - 1;
  return levels.map((x, i) => {
    if (i === 0) return interpolate(x, { scaleFactor: 0.5, mode: 'bilinear' });
    return i === last ? interpolate(x, { size: sizeOf(levels[i - 1]), mode: 'bilinear' }) : x;
  });
}

/** Images of a map, by index: [h, w, C]. */
export const imageOf = (x: tf.Tensor4D, i: number): tf.Tensor3D =>
  tf.slice(x, [i, 0, 0, 0], [1, ...(x.shape.slice(1) as [number, number, number])]).squeeze([0]);

/**
 * What `compute` gives of the cells of each level [k, h, w], in the order of the cells.
 * @param cells indices among those of all levels
 */
export function byLevel(
  cells: Int32Array,
  grids: readonly number[],
  compute: (level: number, cells: Int32Array) => tf.Tensor3D,
): tf.Tensor3D {
  const parts: tf.Tensor3D[] = [];
  const places: number[] = [];
  let first = 0;
  for (const [level, grid] of grids.entries()) {
    const end = first + grid * grid;
    const own = Int32Array.from(cells.keys()).filter((k) => cells[k] >= first && cells[k] < end);
    if (own.length > 0) {
      parts.push(
        compute(
          level,
          own.map((k) => cells[k] - first),
        ),
      );
      places.push(...own);
    }
    first = end;
  }
  const joined = tf.concat(parts, 0);
  if (places.every((place, k) => place === k)) return joined;
  const order = new Int32Array(places.length);
  for (const [k, place] of places.entries()) order[place] = k;
  return tf.gather(joined, tf.tensor1d(order, 'int32'));
}

/** What SOLO's heads on feature levels share. `M`: what the masks of each level are computed from. */
export abstract class LevelGridHead<M> extends GridMaskHead<GridMaskHeadConfig, M[]> {
  protected readonly clsConvs: Sequential<TowerLayer>;
  protected readonly cls: Conv2d;

  constructor(config: GridMaskHeadConfig, context: BuildContext) {
    super(config, context);
    this.clsConvs = this.classTower();
    this.cls = this.predictor(config.num_classes, 3);
  }

  protected classTower(): Sequential<TowerLayer> {
    return convTower(this.config);
  }

  protected predictor(outChannels: number, kernelSize: 1 | 3): Conv2d {
    return new Conv2d({
      inChannels: this.config.feat_channels,
      outChannels,
      kernelSize,
      padding: (kernelSize - 1) / 2,
    });
  }

  /** What masks are computed from, at twice the size of a level [N, h, w, C]. */
  protected abstract maskMaps(x: tf.Tensor4D, level: number): M;
  /** Size of these. */
  protected abstract mapSize(maps: M): Size;

  protected override maps(features: tf.Tensor4D[]): GridMaps<M[]> {
    const levels = resizedLevels(features);
    return {
      masks: levels.map((x, level) => this.maskMaps(x, level)),
      logits: levels.map((x, level) => this.classLogits(x, level)),
    };
  }

  private classLogits(x: tf.Tensor4D, level: number): tf.Tensor4D {
    const { num_grids, cls_down_index } = this.config;
    const size: Size = [num_grids[level], num_grids[level]];
    let y = x;
    for (const [i, conv] of [...this.clsConvs].entries())
      y = conv.forward(i === cls_down_index ? interpolate(y, { size, mode: 'bilinear' }) : y);
    return this.cls.forward(y);
  }

  protected override targetMap(masks: M[], level: number): TargetMap {
    return { size: this.mapSize(masks[level]), stride: this.config.strides[level] / 2 };
  }

  protected override targetsOf(assigned: GridTargets): GridTargets {
    return lastOfEachCell(assigned);
  }
}

/** Maps are [N, 2h, 2w, feat_channels], before the convolution that gives the masks of all cells. */
export class SOLOHead extends LevelGridHead<tf.Tensor4D> {
  private readonly maskConvs: Sequential<TowerLayer>;
  private readonly maskList: ModuleList<Conv2d>;

  constructor(config: GridMaskHeadConfig, context: BuildContext) {
    super(config, context);
    this.maskConvs = this.addChild('mask_convs', convTower({ ...config, in_channels: config.in_channels + 2 }));
    this.addChild('cls_convs', this.clsConvs);
    const masks = config.num_grids.map((grid) => this.predictor(grid ** 2, 1));
    this.maskList = this.addChild('conv_mask_list', new ModuleList(masks));
    this.addChild('conv_cls', this.cls);
    applyInitCfg(this, config.init_cfg);
  }

  override forward(features: tf.Tensor4D[]): GridMaps<tf.Tensor4D[]> {
    const { logits, masks } = this.maps(features);
    return { logits, masks: masks.map((map, level) => this.maskList.at(level).forward(map)) };
  }

  protected override maskMaps(x: tf.Tensor4D): tf.Tensor4D {
    return interpolate(this.maskConvs.forward(withCoordinates(x, 'xy')), { scaleFactor: 2, mode: 'bilinear' });
  }

  protected override mapSize(map: tf.Tensor4D): Size {
    return sizeOf(map);
  }

  /** Logits: `conv_mask_list` with the filters of these cells alone. */
  protected override levelMasks(maps: tf.Tensor4D[], level: number, image: number, cells: Int32Array): tf.Tensor3D {
    const [, h, w, channels] = maps[level].shape;
    const { filters: all, biases } = this.filters(level);
    const rows = tf.tensor1d(cells, 'int32');
    const filters = tf.gather(all, rows); // [k, C]
    const logits = tf.matMul(filters, imageOf(maps[level], image).reshape<tf.Tensor2D>([h * w, channels]), false, true);
    const shifted = tf.add(logits, tf.gather(biases, rows).expandDims(1));
    return shifted.cast('float32').reshape<tf.Tensor3D>([cells.length, h, w]);
  }

  /** Of all cells of a level [S * S, C], with their biases. */
  private filters(level: number): { filters: tf.Tensor2D; biases: tf.Tensor1D } {
    const { weight, bias } = this.maskList.at(level);
    const flat = weight.variable.reshape<tf.Tensor2D>([this.config.feat_channels, -1]);
    return { filters: tf.transpose(flat), biases: bias!.variable as tf.Tensor1D };
  }

  protected override levelTensors(maps: tf.Tensor4D[], level: number): LevelMaskTensors {
    return { ...this.filters(level), map: maps[level] };
  }

  protected override probabilities(maps: tf.Tensor4D[], image: number, cells: Int32Array): tf.Tensor3D {
    return byLevel(cells, this.config.num_grids, (level, own) =>
      resizeMasks(tf.sigmoid(this.levelMasks(maps, level, image, own)), sizeOf(maps[0])),
    );
  }

  protected override noMasks(level: number): tf.Scalar {
    return zeroLoss(this.maskList.at(level));
  }
}

/** Bilinear, of [k, h, w]. */
export function resizeMasks(masks: tf.Tensor3D, size: Size): tf.Tensor3D {
  if (masks.shape[1] === size[0] && masks.shape[2] === size[1]) return masks;
  return interpolate(masks.expandDims<tf.Tensor4D>(3), { size, mode: 'bilinear' }).squeeze<tf.Tensor3D>([3]);
}

const options = z.strictObject({ ...gridOptions, init_cfg: gridInit('conv_mask_list', 'conv_cls') });

export const soloHeadDefinition = defineModule({
  kind: 'mask_head',
  type: 'SOLOHead',
  summary: 'Masks by location: each cell of a grid predicts a class and the mask of the object whose centroid it has',
  paper: 'Wang et al., SOLO: Segmenting Objects by Locations, ECCV 2020',
  shapes: 'feature levels [N, H, W, C] -> per image, masks, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'SOLOHead', num_classes: 80, in_channels: 256, stacked_convs: 7, strides: [8, 8, 16, 32, 32] }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('SOLOHead', given, context),
  build: (given, context) => new SOLOHead(given as GridMaskHeadConfig, context),
});
