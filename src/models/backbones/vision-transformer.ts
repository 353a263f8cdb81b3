// Vision Transformer (Dosovitskiy et al., ICLR 2021) and DeiT (Touvron et al., ICML 2021), with MMPretrain's options and
// names; also MMClassification's former `output_cls_token` and `with_cls_token`, where the class token exists and takes a
// position but need not pass through the layers. Position embeddings are resized to the image at hand.

import * as tf from '@tensorflow/tfjs';
import { defineModule } from '../../catalogue/registry';
import { Dropout } from '../../nn/dropout';
import { applyInitCfg } from '../../nn/init-cfg';
import { truncatedNormal, zeros } from '../../nn/initializers';
import { buildLayerNorm, type LayerNorm } from '../../nn/layer-norm';
import { Module, type Parameter } from '../../nn/module';
import { composite } from '../../ops/composite';
import { interpolate } from '../../ops/interpolate';
import { PatchEmbed } from '../layers/patch-embed';
import { ViTLayer } from '../layers/vit-layer';
import type { Backbone, FeatureSpec } from '../types';
import { archOf, checkVit, type VisionTransformerOptions, vitOptions } from './vit-options';

/**
 * @example
 * new VisionTransformer(visionTransformer.options.parse({ arch: 'deit-tiny', out_type: 'featmap' })).forward(images)
 */
export class VisionTransformer extends Module implements Backbone {
  /** Empty unless maps come out. */
  readonly outputs: FeatureSpec[];
  private readonly clsToken?: Parameter<tf.Rank.R3>;
  private readonly position: Parameter<tf.Rank.R3>;
  private readonly patches: PatchEmbed;
  private readonly drop: Dropout;
  private readonly preNorm?: LayerNorm;
  private readonly layers: ViTLayer[];
  private readonly ln1?: LayerNorm;
  private readonly ln2?: LayerNorm;
  /** Patches of the image of `img_size`. */
  private readonly grid: [number, number];
  private readonly outIndices: Set<number>;
  /** Former options: the token is there whatever `with_cls_token` says, which only lets it into the layers. */
  private readonly tokenEnters: boolean;

  constructor(private readonly options: VisionTransformerOptions) {
    super();
    const { patch_size, img_size, norm_cfg, layer_scale_init_value, drop_rate, pre_norm, patch_cfg } = options;
    const arch = archOf(options.arch);
    const channels = arch.embed_dims;
    const former = options.output_cls_token !== undefined;
    const hasToken = former || options.with_cls_token;
    this.tokenEnters = options.with_cls_token;
    const patches = new PatchEmbed({
      inChannels: options.in_channels,
      embedDims: channels,
      kernelSize: patch_cfg.kernel_size ?? patch_size,
      stride: patch_cfg.stride ?? patch_size,
      padding: patch_cfg.padding,
      bias: patch_cfg.bias ?? !pre_norm,
      normCfg: patch_cfg.norm_cfg,
    });
    const [height, width = height] = [img_size].flat();
    this.grid = [patches.count(height), patches.count(width)];
    if (hasToken) this.clsToken = this.addParameter('cls_token', [1, 1, channels], zeros);
    const length = this.grid[0] * this.grid[1] + (hasToken ? 1 : 0);
    this.position = this.addParameter('pos_embed', [1, length, channels], truncatedNormal(0.02));
    this.patches = this.addChild('patch_embed', patches);
    this.drop = this.addChild('drop_after_pos', new Dropout({ type: 'Dropout', drop_prob: drop_rate }));
    const count = arch.num_layers;
    this.layers = Array.from({ length: count }, (_, i) => {
      const layer = Array.isArray(options.layer_cfgs) ? (options.layer_cfgs[i] ?? {}) : options.layer_cfgs;
      const dropPath = count > 1 ? (options.drop_path_rate * i) / (count - 1) : 0;
      return new ViTLayer({
        embedDims: channels,
        numHeads: layer.num_heads ?? arch.num_heads,
        feedforwardChannels: layer.feedforward_channels ?? arch.feedforward_channels,
        layerScaleInitValue: layer.layer_scale_init_value ?? layer_scale_init_value,
        dropRate: layer.drop_rate ?? drop_rate,
        attnDropRate: layer.attn_drop_rate,
        dropPathRate: layer.drop_path_rate ?? dropPath,
        numFcs: layer.num_fcs,
        qkvBias: layer.qkv_bias ?? options.qkv_bias,
        actCfg: layer.act_cfg,
        normCfg: layer.norm_cfg ?? norm_cfg,
      });
    });
    for (const [i, layer] of this.layers.entries()) this.addChild(`layers.${i}`, layer);
    const norm = (name: string) => this.addChild(name, buildLayerNorm(norm_cfg, channels));
    if (pre_norm) this.preNorm = norm('pre_norm');
    if (options.final_norm) this.ln1 = norm('ln1');
    if (options.out_type === 'avg_featmap') this.ln2 = norm('ln2');
    this.outIndices = new Set([options.out_indices].flat().map((i) => (i < 0 ? count + i : i)));
    const maps = former || options.out_type === 'featmap';
    this.outputs = maps ? [...this.outIndices].map(() => ({ channels, stride: patches.stride })) : [];
    applyInitCfg(this, options.init_cfg);
    for (const layer of this.layers) layer.initializeItself();
    if (options.frozen_stages > 0) this.freezeStages();
  }

  private freezeStages(): void {
    const { frozen_stages } = this.options;
    for (const parameter of [this.position, this.clsToken]) if (parameter) parameter.requiresGrad = false;
    for (const part of [this.patches, this.drop, this.preNorm, ...this.layers.slice(0, frozen_stages)]) part?.freeze();
    if (frozen_stages === this.layers.length) for (const norm of [this.ln1, this.ln2]) norm?.freeze();
  }

  /** [N, H, W, 3] -> per index of `out_indices` what `out_type` says; maps are [N, H/16, W/16, C]. */
  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    return tf.tidy(() => {
      const patches = this.patches.forward(x);
      const [n, h, w, c] = patches.shape;
      let y: tf.Tensor3D = patches.reshape([n, h * w, c]);
      if (this.clsToken) {
        const token = this.clsToken.variable;
        y = tf.concat([tf.tile(token, [n, 1, 1]), y], 1);
      }
      y = this.drop.forward(tf.add<tf.Tensor3D>(y, this.positions(patches)));
      let extra = this.clsToken ? 1 : 0;
      if (extra === 1 && !this.tokenEnters) {
        y = tf.slice3d(y, [0, 1, 0], [n, h * w, c]);
        extra = 0;
      }
      if (this.preNorm) y = this.preNorm.forward(y);
      const outputs: tf.Tensor4D[] = [];
      for (const [i, layer] of this.layers.entries()) {
        y = layer.forward(y);
        if (i === this.layers.length - 1 && this.ln1) y = this.ln1.forward(y);
        if (this.outIndices.has(i)) outputs.push(this.format(y, h, w, extra));
      }
      return outputs;
    });
  }

  /** The position embedding for a map of patches, [1, L, C]. */
  private positions(map: tf.Tensor4D): tf.Tensor3D {
    const table = this.position.variable;
    const { grid, options } = this;
    const attrs = { grid, mode: options.interpolate_mode, extra: table.shape[1] - grid[0] * grid[1] };
    return composite({ name: 'ResizedPositions', inputs: { map, table }, attrs }, () => this.resized(map));
  }

  private resized({ shape: [, h, w] }: tf.Tensor4D): tf.Tensor3D {
    const all = this.position.variable;
    const [height, width] = this.grid;
    if (h === height && w === width) return tf.clone<tf.Tensor3D>(all);
    const [, length, c] = all.shape;
    const extra = length - height * width;
    const grid: tf.Tensor4D = tf.slice3d(all, [0, extra, 0], [1, height * width, c]).reshape([1, height, width, c]);
    const resized: tf.Tensor3D = interpolate(grid, { size: [h, w], mode: this.options.interpolate_mode }).reshape([
      1,
      h * w,
      c,
    ]);
    return extra === 0 ? resized : tf.concat([tf.slice3d(all, [0, 0, 0], [1, extra, c]), resized], 1);
  }

  private format(y: tf.Tensor3D, h: number, w: number, extra: number): tf.Tensor4D {
    const [n, length, c] = y.shape;
    const type = this.options.output_cls_token === undefined ? this.options.out_type : 'featmap';
    if (type === 'raw') return y as tf.Tensor as tf.Tensor4D;
    if (type === 'cls_token') return tf.slice3d(y, [0, 0, 0], [n, 1, c]).reshape([n, c]);
    const tokens = extra === 0 ? y : tf.slice3d(y, [0, extra, 0], [n, length - extra, c]);
    if (type === 'featmap') return tokens.reshape([n, h, w, c]);
    return this.ln2!.forward(tf.mean(tokens, 1)) as tf.Tensor as tf.Tensor4D;
  }
}

export const visionTransformer = defineModule({
  kind: 'backbone',
  type: 'VisionTransformer',
  summary: 'Transformer over image patches (ViT, DeiT); as mmpretrain.VisionTransformer and mmcls.VisionTransformer.',
  paper: 'Dosovitskiy et al.: An Image is Worth 16x16 Words, ICLR 2021; Touvron et al.: DeiT, ICML 2021',
  shapes: '[N, H, W, 3] -> [N, H/16, W/16, C] per entry of out_indices; C 192 (deit-tiny), 384 (small), 768 (base)',
  example: "{ type: 'VisionTransformer', arch: 'deit-tiny', out_type: 'featmap' }",
  options: vitOptions,
  infer: (o, { path }) => checkVit(o, path),
  build: (o) => new VisionTransformer(o),
});
