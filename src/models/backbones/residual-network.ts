// A stem and stages of residual blocks, with MMDetection's parameter names, freezing and initialisation: the base of ResNet
// and its variants, which differ in their blocks and widths.

import * as tf from '@tensorflow/tfjs';
import { ModulatedDeformConv2dPack } from '../../nn/deform-conv2d-pack';
import { evaluateNorms } from '../../nn/evaluate-norms';
import { applyInitCfg } from '../../nn/init-cfg';
import type { ConvCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { Sequential } from '../../nn/module-list';
import { NonLocal2d } from '../../nn/non-local2d';
import { GeneralizedAttention } from '../layers/generalized-attention';
import type { Backbone, FeatureSpec } from '../types';
import type { BlockConfig } from './basic-block';
import { Downsample } from './downsample';
import type { ResidualOptions } from './residual-options';
import { buildStem, type Stem, type StemConfig } from './stem';

export type ResidualBlock = Module & { forward(x: tf.Tensor4D): tf.Tensor4D };

export interface StagePlan {
  blocks: number;
  planes: number;
  outPlanes: number;
  /** Width inside a block (of one slice in Res2Net). */
  width: number;
  groups: number;
}

export interface ResidualPlan {
  stem: StemConfig['kind'];
  stemChannels: number;
  stages: StagePlan[];
  block: (config: BlockConfig, stage: number) => ResidualBlock;
  avgDown: boolean;
  /** The last norm of every block starts from zero. */
  zeroInit: boolean;
  /** `dcn.fallback_on_stride` is honoured (ResNet; the reference's ResNeXt loses it). */
  honoursFallback?: boolean;
  /** Shortcuts without a stride have no pooling in front, so their names are not moved by it. */
  poolsOnlyStrides?: boolean;
  /** The stage whose shortcut is never pooled (TridentNet). */
  plainShortcutOf?: number;
  /** Every convolution, those inside of special ones too, is kaiming-normal (DetectoRS). */
  kaimingEverywhere?: boolean;
}

export class ResidualNetwork extends Module implements Backbone {
  readonly outputs: FeatureSpec[] = [];
  private readonly stem: Stem;
  private readonly stages: Sequential<ResidualBlock>[] = [];
  private falls: boolean;

  constructor(
    private readonly options: ResidualOptions,
    plan: ResidualPlan,
  ) {
    super();
    const { in_channels, conv_cfg: convCfg, norm_cfg: normCfg, init_cfg } = options;
    const { stem: kind, stemChannels } = plan;
    this.falls = plan.honoursFallback === true && options.dcn?.fallback_on_stride === true;
    this.stem = buildStem({ kind, inChannels: in_channels, channels: stemChannels, convCfg, normCfg });
    for (const [name, module] of this.stem.modules) this.addChild(name, module);
    let inPlanes = stemChannels;
    let total = this.stem.stride;
    for (const [i, stage] of plan.stages.entries()) {
      total *= options.strides[i];
      this.stages.push(this.addChild(`layer${i + 1}`, this.buildStage(plan, i, inPlanes)));
      inPlanes = stage.outPlanes;
      if (options.out_indices.includes(i)) this.outputs.push({ channels: inPlanes, stride: total });
    }
    applyInitCfg(this, init_cfg);
    this.initializeParts(plan.kaimingEverywhere === true);
    this.freezeStages();
  }

  private buildStage(plan: ResidualPlan, index: number, channels: number): Sequential<ResidualBlock> {
    const { options } = this;
    const { blocks, outPlanes, ...sizes } = plan.stages[index];
    const { style, conv_cfg: convCfg, norm_cfg: normCfg, init_cfg } = options;
    const list = new Sequential<ResidualBlock>();
    let inPlanes = channels;
    for (let i = 0; i < blocks; i++) {
      const stride = i === 0 ? options.strides[index] : 1;
      const shortcut = {
        inChannels: inPlanes,
        outChannels: outPlanes,
        stride,
        avgDown: plan.avgDown && !(plan.poolsOnlyStrides && stride === 1) && plan.plainShortcutOf !== index,
      };
      const needed = i === 0 && (stride !== 1 || inPlanes !== outPlanes);
      list.push(
        plan.block(
          {
            ...sizes,
            ...{ inPlanes, outPlanes, stride, style, convCfg, normCfg },
            dilation: options.dilations[index],
            middleCfg: this.deformable(index),
            plugins: (options.plugins ?? []).filter(({ stages }) => !stages || stages[index]),
            downsample: needed ? new Downsample({ ...shortcut, convCfg, normCfg }) : undefined,
            zeroInit: plan.zeroInit && init_cfg === null,
            first: i === 0,
          },
          index,
        ),
      );
      inPlanes = outPlanes;
    }
    return list;
  }

  /** The kind of the 3x3 convolution of the next block of a stage, where it is not the ordinary one. */
  private deformable(stage: number): ConvCfg | null {
    const { dcn, stage_with_dcn } = this.options;
    if (!dcn || !stage_with_dcn[stage]) return null;
    // the reference takes the key out of the shared config as it builds the first block, so no other one falls back
    const falls = this.falls;
    this.falls = false;
    return falls ? null : { type: dcn.type, deform_groups: dcn.deformable_groups ?? dcn.deform_groups };
  }

  /**
   * Without an init_cfg every ordinary convolution is kaiming-normal (the offsets of DCN too); some parts then start anew,
   * whatever the init_cfg.
   */
  private initializeParts(everywhere: boolean): void {
    if (this.options.init_cfg === null)
      applyInitCfg(this, { type: 'Kaiming', layer: 'Conv2d', a: 0, mode: 'fan_out', nonlinearity: 'relu', bias: 0 });
    for (const [, part] of everywhere ? [] : this.modules()) {
      if (part instanceof GeneralizedAttention || part instanceof NonLocal2d) part.initializeItself();
      if (part instanceof ModulatedDeformConv2dPack) part.startAtGrid();
    }
  }

  private freezeStages(): void {
    const { frozen_stages } = this.options;
    if (frozen_stages >= 0) for (const [, module] of this.stem.modules) module.freeze();
    for (const stage of this.stages.slice(0, Math.max(frozen_stages, 0))) stage.freeze();
  }

  /** Training mode; with `norm_eval` the batch norms stay in evaluation mode. */
  override train(mode = true): this {
    super.train(mode);
    if (mode && this.options.norm_eval) evaluateNorms(this);
    return this;
  }

  /** [N, H, W, 3] -> the outputs of the stages `out_indices`, finest first. */
  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    return this.run(x, (block, y) => block.forward(y));
  }

  /** Stem and stages, with `step` for every block. */
  protected run(
    x: tf.Tensor4D,
    step: (block: ResidualBlock, y: tf.Tensor4D, stage: number) => tf.Tensor4D,
  ): tf.Tensor4D[] {
    return tf.tidy(() => {
      let y = this.stem.forward(x);
      const outputs: tf.Tensor4D[] = [];
      const kept = new Set<tf.Tensor4D>([x]);
      for (const [i, stage] of this.stages.entries()) {
        for (const block of stage) {
          const next = step(block, y, i);
          if (!kept.has(y)) y.dispose(); // intermediate maps are freed as soon as they have been read
          y = next;
        }
        if (!this.options.out_indices.includes(i)) continue;
        outputs.push(y);
        kept.add(y);
      }
      return outputs;
    });
  }
}
