// Small detectors whose queries have masks (MaskFormer, Mask2Former), with weights that find something.

import * as tf from '@tensorflow/tfjs';
import type { ModuleConfig } from '../../src/catalogue/registry';
import type { PackedSample } from '../../src/data/types';
import type { MaskFormer } from '../../src/models/detectors/mask-former';
import type { Detector } from '../../src/models/types';
import type { Linear } from '../../src/nn';
import { backbone, lively } from './exported';

const attention = { embed_dims: 16, num_heads: 2 };
const ffn_cfg = { embed_dims: 16, feedforward_channels: 16 };
const sine = { num_feats: 8, normalize: true };

const maskFormer = (type: string, pixel_decoder: object, test_cfg: object, stuff = 1): ModuleConfig => ({
  type,
  backbone,
  panoptic_head: {
    type: `${type}Head`,
    feat_channels: 16,
    out_channels: 16,
    num_stuff_classes: stuff,
    num_queries: 24,
    pixel_decoder: { norm_cfg: { type: 'GN', num_groups: 4 }, ...pixel_decoder },
    positional_encoding: sine,
    transformer_decoder: {
      num_layers: 2,
      layer_cfg: { self_attn_cfg: attention, cross_attn_cfg: attention, ffn_cfg },
    },
  },
  panoptic_fusion_head: { type: 'MaskFormerFusionHead' },
  test_cfg,
});
const deformable = {
  type: 'MSDeformAttnPixelDecoder',
  encoder: {
    num_layers: 1,
    layer_cfg: { self_attn_cfg: { ...attention, num_levels: 3, num_points: 2 }, ffn_cfg },
  },
  positional_encoding: sine,
};
/** Of weights that nothing was learned by. */
const unsure = { object_mask_thr: 0.3, iou_thr: 0.02 };

export const MASK_QUERIES: Record<string, ModuleConfig> = {
  MaskFormer: maskFormer('MaskFormer', { type: 'PixelDecoder' }, unsure),
  'MaskFormer with an encoder': maskFormer(
    'MaskFormer',
    {
      type: 'TransformerEncoderPixelDecoder',
      encoder: { num_layers: 1, layer_cfg: { self_attn_cfg: attention, ffn_cfg } },
      positional_encoding: sine,
    },
    { object_mask_thr: 0.3, iou_thr: 0.01, filter_low_score: true },
  ),
  Mask2Former: maskFormer('Mask2Former', deformable, { panoptic_on: false, instance_on: true, max_per_image: 12 }, 0),
  'Mask2Former with segments': maskFormer(
    'Mask2Former',
    deformable,
    { ...unsure, instance_on: true, filter_low_score: true, max_per_image: 20 },
    2,
  ),
};

/** A detector whose queries, on this image, differ: those of MaskFormer have one class and mask where nothing was learned. */
export function querying(config: ModuleConfig, sample: PackedSample): Detector {
  const model = lively(config) as MaskFormer;
  if (config.type !== 'MaskFormer') return model;
  for (const [name, { variable }] of model.named())
    if (/query_embed\.weight$|cross_attn.*in_proj_weight$/.test(name))
      tf.tidy(() => variable.assign(tf.mul(variable as tf.Tensor, 6)));
  const { classes } = Reflect.get(model.panopticHead, 'predictors') as { classes: Linear };
  const { forward } = classes;
  const batch = model.preprocess([sample]);
  tf.tidy(() => {
    let states: tf.Tensor | undefined;
    classes.forward = ((x, options) => forward.call(classes, (states = x), options)) as Linear['forward'];
    model.predictions(batch);
    classes.forward = forward;
    const rows = states!.reshape<tf.Tensor2D>([-1, states!.shape.at(-1)!]);
    const { mean, variance } = tf.moments(rows, 0);
    const std = tf.sqrt(variance);
    const named = new Map([...model.named()].map(([name, { variable }]) => [name, variable]));
    for (const layer of ['cls_embed', 'mask_embed.0']) {
      const [weight, bias] = ['weight', 'bias'].map((key) => named.get(`panoptic_head.${layer}.${key}`)!);
      const scaled = tf.div(weight as tf.Tensor2D, std);
      weight.assign(scaled);
      bias.assign(tf.sub(bias as tf.Tensor1D, tf.matMul(scaled, mean.expandDims(1)).squeeze([1])));
    }
  });
  batch.inputs.dispose();
  return model;
}
