// The frame of MMYOLO's necks (BaseYOLONeck): reduce every level, go down the pyramid joining each level with the coarser one,
// go up again joining it with the finer one, and a last layer for every output. Names are those of its state dicts.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { Identity } from '../../nn/identity';
import { applyInitCfg, type InitCfg, initCfg } from '../../nn/init-cfg';
import { type ActCfg, actCfg, type NormCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import { resetConvolutions } from '../../nn/reset-convolutions';
import type { FeatureMaps } from '../../ops/join-maps';
import type { FeatureSpec, Neck } from '../types';

/** Options of all of them. */
export const yoloNeckOptions = {
  in_channels: z
    .array(z.int().positive())
    .min(2)
    .optional()
    .describe('Channels of each backbone level, before widen_factor'),
  deepen_factor: z.number().positive().default(1).describe('Depth multiplier'),
  widen_factor: z.number().positive().default(1).describe('Width multiplier'),
  freeze_all: z.boolean().default(false).describe('Freeze the neck'),
  norm_cfg: normCfg
    .nullable()
    .default({ type: 'BN', requires_grad: true, momentum: 0.03, eps: 0.001 })
    .describe('Norm'),
  act_cfg: actCfg.nullable().default({ type: 'SiLU', inplace: true }).describe('Activation'),
};
export const torchStartOption = initCfg
  .nullable()
  .default(null)
  .describe("Where the weights start from; null: PyTorch's own start");

/** A layer of one map. */
export type MapLayer = Module & { forward(x: tf.Tensor4D): tf.Tensor4D };
/** A layer that joins the maps it reads; of half the size they are repeated to 2 x 2 pixels. */
export type JoiningLayer = Module & { forward(x: FeatureMaps): tf.Tensor4D };
/** A layer that joins a coarser, a level's own and a finer map. */
export type BridgingLayer = Module & { forward(x: readonly tf.Tensor4D[]): tf.Tensor4D };

/** The layers by level, 0 the finest of n. A layer that is left out passes its map on. */
export interface YOLONeckLayers {
  reduce?(level: number): MapLayer | undefined;
  /** What a map goes through before it meets the finer level `level - 1`, where it is repeated if that is larger. */
  upsample?(level: number): MapLayer | BridgingLayer | undefined;
  /** Joins `level` with `level - 1`: 1 to n - 1. */
  topDown(level: number): JoiningLayer;
  /** From `level` to the size of `level + 1`: 0 to n - 2. */
  downsample(level: number): MapLayer;
  /** Joins the strided map of `level` with `level + 1`: 0 to n - 2. */
  bottomUp(level: number): JoiningLayer;
  out?(level: number): MapLayer | undefined;
}

export interface YOLONeckConfig {
  levels: number;
  /** Inputs before them: with one, `upsample` joins a level with the coarser and the finer one. */
  finest?: number;
  outputs: FeatureSpec[];
  freeze_all: boolean;
  /** Null: convolutions start as PyTorch's, else as mmcv's. */
  init_cfg?: InitCfg | InitCfg[] | null;
  /** The finer map comes first when two are joined going down: YOLOv7. */
  finerFirst?: boolean;
}

/** Layers that every neck builds alike. */
export interface NeckLayerCfg {
  normCfg: NormCfg | null;
  actCfg: ActCfg | null;
}

export class YOLONeck extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly reduceLayers: ModuleList<MapLayer>;
  private readonly upsampleLayers: ModuleList<MapLayer | BridgingLayer>;
  private readonly topDownLayers: ModuleList<JoiningLayer>;
  private readonly downsampleLayers: ModuleList<MapLayer>;
  private readonly bottomUpLayers: ModuleList<JoiningLayer>;
  private readonly outLayers: ModuleList<MapLayer>;
  private readonly finerFirst: boolean;
  private readonly finest: number;

  constructor(config: YOLONeckConfig, layers: YOLONeckLayers) {
    const { levels, outputs, freeze_all, init_cfg, finerFirst = false, finest = 0 } = config;
    super();
    this.outputs = outputs;
    this.finerFirst = finerFirst;
    this.finest = finest;
    const all = Array.from({ length: levels }, (_, i) => i);
    const [finer, coarser] = [all.slice(0, -1), all.slice(1).reverse()];
    const list = <L extends Module>(name: string, items: L[]) => this.addChild(name, new ModuleList(items));
    const orIdentity = <L extends Module>(at: number[], build?: (level: number) => L | undefined) =>
      at.map((level): L | Identity => build?.(level) ?? new Identity());
    this.reduceLayers = list('reduce_layers', orIdentity(all, layers.reduce));
    this.upsampleLayers = list('upsample_layers', orIdentity(coarser, layers.upsample));
    this.topDownLayers = list('top_down_layers', coarser.map(layers.topDown));
    this.downsampleLayers = list('downsample_layers', finer.map(layers.downsample));
    this.bottomUpLayers = list('bottom_up_layers', finer.map(layers.bottomUp));
    this.outLayers = list('out_layers', orIdentity(all, layers.out));
    if (init_cfg) applyInitCfg(this, init_cfg);
    else if (init_cfg === null) resetConvolutions(this);
    if (freeze_all) this.freeze();
  }

  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const inner = inputs.slice(this.finest).map((x, level) => this.reduceLayers.at(level).forward(x));
      for (let level = inner.length - 1, step = 0; level > 0; level--, step++) {
        const joined = this.joined(inner, level, this.upsampleLayers.at(step), inputs[0]);
        inner[level - 1] = this.topDownLayers.at(step).forward(joined);
      }
      const outs = [inner[0]];
      for (const [level, layer] of [...this.bottomUpLayers].entries())
        outs.push(layer.forward([this.downsampleLayers.at(level).forward(outs[level]), inner[level + 1]]));
      return outs.map((x, level) => this.outLayers.at(level).forward(x));
    });
  }

  /** What the layer of `level - 1` reads. */
  private joined(
    inner: readonly tf.Tensor4D[],
    level: number,
    layer: MapLayer | BridgingLayer,
    finest: tf.Tensor4D,
  ): FeatureMaps {
    const [coarse, x] = [inner[level], inner[level - 1]];
    if (this.finest > 0) return (layer as BridgingLayer).forward([coarse, x, level > 1 ? inner[level - 2] : finest]);
    const larger = (layer as MapLayer).forward(coarse);
    return this.finerFirst ? [x, larger] : [larger, x];
  }
}
