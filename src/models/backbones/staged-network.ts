// A stem and stages in sequence, named `stem`, `stage1`, `stage2`, ...: the frame of the CSP backbones.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { DetLabError } from '../../errors';
import { evaluateNorms } from '../../nn/evaluate-norms';
import { Module } from '../../nn/module';
import { Sequential } from '../../nn/module-list';
import { buildPlugin, type StagePlugin } from '../layers/block-plugins';
import type { Backbone, FeatureSpec } from '../types';
import { outputsOfLayers } from './outputs-of-layers';

export type Part = Module & { forward(x: tf.Tensor4D): tf.Tensor4D };

/** Input channels, output channels, blocks, shortcuts in the blocks, pyramid pooling. */
export const stageSetting = z.tuple([
  z.int().positive(),
  z.int().positive(),
  z.int().positive(),
  z.boolean(),
  z.boolean(),
]);
export type StageSetting = z.output<typeof stageSetting>;

export interface StagedOptions {
  out_indices: number[];
  frozen_stages: number;
  norm_eval: boolean;
  plugins?: readonly StagePlugin[] | null;
}

/** @throws DetLabError when an output, a frozen stage or a stage of plugins does not exist. */
export function checkStageIndices(type: string, o: StagedOptions, stages: number, path: string): void {
  const fail = (what: string) => {
    throw new DetLabError(`Cannot build backbone "${type}"${path ? ` at ${path}` : ''}: ${what}`);
  };
  const beyond = o.out_indices.find((i) => i > stages);
  if (beyond !== undefined) fail(`out_indices names stage ${beyond}, but there are 0 (the stem) to ${stages}`);
  if (o.frozen_stages > stages) fail(`frozen_stages is ${o.frozen_stages}, but there are ${stages} stages`);
  for (const [i, { stages: where }] of (o.plugins ?? []).entries())
    if (where && where.length !== stages)
      fail(`expected ${stages} entries in plugins[${i}].stages, one for each stage, received ${where.length}`);
}

export class StagedNetwork extends Module implements Backbone {
  readonly outputs: FeatureSpec[];
  private readonly layers: Part[];

  /** @param channels and strides: those of the stem and of every stage */
  constructor(
    private readonly options: StagedOptions,
    stem: Part,
    stages: Part[][],
    channels: number[],
    strides = channels.map((_, i) => 2 << i),
  ) {
    super();
    this.layers = [this.addChild('stem', stem)];
    for (const [i, parts] of stages.entries()) {
      const plugins = (options.plugins ?? [])
        .filter(({ stages: where }) => !where || where[i])
        .map(({ cfg }): Part => buildPlugin(cfg, channels[i + 1])[1]);
      this.layers.push(this.addChild(`stage${i + 1}`, new Sequential<Part>([...parts, ...plugins])));
    }
    this.outputs = channels
      .map((count, i) => ({ channels: count, stride: strides[i] }))
      .filter((_, i) => options.out_indices.includes(i));
  }

  /** Stem and first stages; called when everything is built. */
  protected freezeStages(): void {
    for (const layer of this.layers.slice(0, this.options.frozen_stages + 1)) layer.freeze();
  }

  /** Training mode; with `norm_eval` the batch norms stay in evaluation mode. */
  override train(mode = true): this {
    super.train(mode);
    if (mode && this.options.norm_eval) evaluateNorms(this);
    return this;
  }

  /** [N, H, W, 3] -> the outputs of `out_indices`: 0 the stem, stride 2, then the stages. */
  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    return outputsOfLayers(this.layers, x, this.options.out_indices);
  }
}
