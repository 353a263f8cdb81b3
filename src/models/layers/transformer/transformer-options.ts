// The nested configs of DETR's encoders and decoders (`self_attn_cfg`, `ffn_cfg`, ...) with checks, and the layers built from them.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../../catalogue/ignored-option';
import { actCfg, dropoutCfg, initCfg, LayerNorm, MultiheadAttention } from '../../../nn';
import { ConditionalAttention } from '../../../nn/conditional-attention';
import { MultiScaleDeformableAttention } from '../../../nn/multi-scale-deformable-attention';
import { biAttentionOptions } from '../bi-attention';
import { FFN } from '../ffn';

const size = z.int().positive();
const rate = z.number().min(0).lt(1);
const batchFirst = z.literal(true).default(true).describe('Layout [batch, length, channels]: always true');

const attention = z.strictObject({
  embed_dims: size.describe('Channels'),
  num_heads: size.describe('Number of attention heads'),
  attn_drop: rate.default(0).describe('Dropout of the attention weights'),
  proj_drop: rate.default(0).describe('Dropout after the output projection'),
  dropout_layer: dropoutCfg.nullish().describe('Drop path rate of the residual branch'),
  dropout: rate.optional().describe('attn_drop and the probability of dropout_layer in one'),
  batch_first: batchFirst,
  bias: z.boolean().default(true).describe('Biases in the projections'),
});
export type AttentionOptions = z.output<typeof attention>;

const conditional = z.strictObject({
  embed_dims: size.describe('Channels'),
  num_heads: size.describe('Number of attention heads'),
  attn_drop: rate.default(0).describe('Dropout of the attention weights'),
  proj_drop: rate.default(0).describe('Dropout after the output projection'),
  cross_attn: z.boolean().default(false).describe('Attends to another sequence'),
  keep_query_pos: z.boolean().default(false).describe('Add the position to the content query in every layer'),
  batch_first: batchFirst,
});
export type ConditionalOptions = z.output<typeof conditional>;

const deformable = z.strictObject({
  embed_dims: size.default(256).describe('Channels'),
  num_heads: size.default(8).describe('Number of attention heads'),
  num_levels: size.default(4).describe('Feature levels'),
  num_points: size.default(4).describe('Sampling points per head and level'),
  dropout: rate.default(0.1).describe('Dropout after the output projection'),
  value_proj_ratio: z.number().positive().default(1).describe('Channels of the values, as a share of embed_dims'),
  im2col_step: ignoredOption('chosen by available memory', { schema: size.default(64), harmless: anyValue }),
  batch_first: batchFirst,
});
export type DeformableOptions = z.output<typeof deformable>;

const ffn = z.strictObject({
  embed_dims: size.default(256).describe('Channels'),
  feedforward_channels: size.default(1024).describe('Channels between the layers'),
  num_fcs: z.int().min(2).default(2).describe('Fully connected layers'),
  act_cfg: actCfg.default({ type: 'ReLU', inplace: true }).describe('Activation between them'),
  ffn_drop: rate.default(0).describe('Dropout after every layer'),
  dropout: rate.optional().describe('Older name of ffn_drop'),
  dropout_layer: dropoutCfg.nullish().describe('Drop path rate of the residual branch'),
  add_identity: z.boolean().default(true).describe('A shortcut around the layers'),
  layer_scale_init_value: z.number().default(0).describe('Above 0: scales the branch, starting from it'),
});
export type FfnOptions = z.output<typeof ffn>;

const norm = z
  .strictObject({
    type: z.literal('LN').describe('Layer normalisation'),
    eps: z.number().nonnegative().optional().describe('Added to the variance (1e-5)'),
    requires_grad: z.boolean().optional().describe('Whether weight and bias are trained'),
  })
  .default({ type: 'LN' });
export type NormOptions = z.output<typeof norm>;

const plain = () => attention.default({ ...attention.parse({ embed_dims: 256, num_heads: 8 }) });
const conditionalDefault = () => conditional.default(conditional.parse({ embed_dims: 256, num_heads: 8 }));
const rest = {
  ffn_cfg: ffn.default(ffn.parse({})).describe('Feed-forward network after the attention'),
  norm_cfg: norm.describe('Normalisation'),
  init_cfg: initCfg.nullish().describe('Weights of the layer'),
};
const list = (layer: z.ZodType) => ({
  num_layers: size.describe('Number of layers'),
  layer_cfg: layer.describe('Config of every layer'),
  init_cfg: initCfg.nullish().describe('Weights of all layers'),
});
const recompute = {
  num_cp: ignoredOption('activations are kept for the backward pass', { schema: z.int().default(-1), harmless: [0] }),
};
const postNorm = {
  post_norm_cfg: norm.describe("Norm of every layer's output"),
  return_intermediate: z.boolean().default(true).describe('Predict from every layer instead of the last only'),
};
const noPostNorm = {
  post_norm_cfg: z
    .null({ error: 'must be null: this decoder has no norm after its layers' })
    .describe('Must be null: this decoder has no norm after its layers'),
  return_intermediate: z.literal(true).default(true).describe('Predictions come from every layer: always true'),
};

/**
 * A layer whose parts have the width of its self-attention, which the heads of each attention share out; the reference builds others
 * too, and fails in the middle of a forward pass.
 */
function oneWidth<T extends z.ZodObject>(layer: T): T {
  return layer.superRefine((given, context) => {
    const parts = given as Record<string, { embed_dims?: number; num_heads?: number } | null | undefined>;
    const width = parts.self_attn_cfg?.embed_dims;
    if (width === undefined) return;
    for (const [key, part] of Object.entries(parts)) {
      const { embed_dims = width, num_heads = 1 } = part ?? {};
      const message =
        embed_dims !== width
          ? [`expected ${width}, the embed_dims of self_attn_cfg, received ${embed_dims}`, 'embed_dims']
          : width % num_heads !== 0 && [
              `expected a divisor of embed_dims ${width}, received ${num_heads}`,
              'num_heads',
            ];
      if (message) context.addIssue({ code: 'custom', message: message[0], path: [key, message[1]] });
    }
  });
}

const encoderLayer = oneWidth(z.strictObject({ self_attn_cfg: plain().describe('Self-attention'), ...rest }));
const decoderLayer = oneWidth(
  z.strictObject({
    self_attn_cfg: plain().describe('Self-attention'),
    cross_attn_cfg: plain().describe('Cross-attention to the image features'),
    ...rest,
  }),
);
const conditionalLayer = oneWidth(
  z.strictObject({
    self_attn_cfg: conditionalDefault().describe('Self-attention'),
    cross_attn_cfg: conditionalDefault().describe('Cross-attention to the image features'),
    ...rest,
  }),
);
const deformableEncoderLayer = oneWidth(
  z.strictObject({
    self_attn_cfg: deformable.default(deformable.parse({})).describe('Deformable self-attention'),
    ...rest,
  }),
);
const deformableDecoderLayer = oneWidth(
  z.strictObject({
    self_attn_cfg: plain().describe('Self-attention'),
    cross_attn_cfg: deformable
      .default(deformable.parse({}))
      .describe('Deformable cross-attention to the image features'),
    ...rest,
  }),
);
const groundingDecoderLayer = oneWidth(
  z.strictObject({
    ...deformableDecoderLayer.shape,
    cross_attn_text_cfg: plain().describe('Cross-attention to the words'),
  }),
);
export type GroundingDecoderLayerOptions = z.output<typeof groundingDecoderLayer>;
export type EncoderLayerOptions = z.output<typeof encoderLayer>;
export type DecoderLayerOptions = z.output<typeof decoderLayer>;
export type ConditionalLayerOptions = z.output<typeof conditionalLayer>;
export type DeformableEncoderLayerOptions = z.output<typeof deformableEncoderLayer>;
export type DeformableDecoderLayerOptions = z.output<typeof deformableDecoderLayer>;

export const encoderOptions = z.strictObject({ ...list(encoderLayer), layer_cfg: encoderLayer, ...recompute });
export const decoderOptions = z.strictObject({ ...list(decoderLayer), layer_cfg: decoderLayer, ...postNorm });
export const conditionalDecoderOptions = z.strictObject({
  ...list(conditionalLayer),
  layer_cfg: conditionalLayer,
  ...postNorm,
});
export const dabDecoderOptions = z.strictObject({
  ...list(conditionalLayer),
  layer_cfg: conditionalLayer,
  ...postNorm,
  query_dim: z
    .union([z.literal(2), z.literal(4)])
    .default(4)
    .describe('2: a query is a point; 4: a box'),
  query_scale_type: z
    .enum(['cond_elewise', 'cond_scalar', 'fix_elewise'])
    .default('cond_elewise')
    .describe('How the content scales the query position: per channel, by a scalar, or by a learned vector per layer'),
  with_modulated_hw_attn: z.boolean().default(true).describe('Attention follows the width and height of the box'),
});
export const deformableEncoderOptions = z.strictObject({
  ...list(deformableEncoderLayer),
  layer_cfg: deformableEncoderLayer,
  ...recompute,
});
export const deformableDecoderOptions = z.strictObject({
  ...list(deformableDecoderLayer),
  layer_cfg: deformableDecoderLayer,
  ...noPostNorm,
});

export const groundingEncoderOptions = z.strictObject({
  ...deformableEncoderOptions.shape,
  text_layer_cfg: encoderLayer.describe('Config of every layer of the words'),
  fusion_layer_cfg: biAttentionOptions.describe('Config of every fusion of pixels and words'),
});
export const groundingDecoderOptions = z.strictObject({
  ...deformableDecoderOptions.shape,
  layer_cfg: groundingDecoderLayer.describe('Config of every layer'),
});

export function buildAttention(o: AttentionOptions): MultiheadAttention {
  const probability = o.dropout ?? o.dropout_layer?.drop_prob ?? 0;
  return new MultiheadAttention({
    embedDims: o.embed_dims,
    numHeads: o.num_heads,
    attnDrop: o.dropout ?? o.attn_drop,
    projDrop: o.proj_drop,
    dropoutLayer: { type: o.dropout_layer?.type ?? 'Dropout', drop_prob: probability },
    batchFirst: true,
    bias: o.bias,
  });
}

export function buildConditional(o: ConditionalOptions, withQueryPos: boolean): ConditionalAttention {
  return new ConditionalAttention(
    {
      embedDims: o.embed_dims,
      numHeads: o.num_heads,
      attnDrop: o.attn_drop,
      projDrop: o.proj_drop,
      crossAttn: o.cross_attn,
      keepQueryPos: o.keep_query_pos,
    },
    withQueryPos,
  );
}

export function buildDeformable(o: DeformableOptions): MultiScaleDeformableAttention {
  return new MultiScaleDeformableAttention({
    embedDims: o.embed_dims,
    numHeads: o.num_heads,
    numLevels: o.num_levels,
    numPoints: o.num_points,
    dropout: o.dropout,
    batchFirst: true,
    valueProjRatio: o.value_proj_ratio,
  });
}

export function buildFfn(o: FfnOptions): FFN {
  return new FFN({
    embedDims: o.embed_dims,
    feedforwardChannels: o.feedforward_channels,
    numFcs: o.num_fcs,
    actCfg: o.act_cfg,
    ffnDrop: o.dropout ?? o.ffn_drop,
    dropoutLayer: o.dropout_layer,
    addIdentity: o.add_identity,
    layerScaleInitValue: o.layer_scale_init_value,
  });
}

export function buildLayerNorm(o: NormOptions, channels: number): LayerNorm {
  return new LayerNorm({ channels, epsilon: o.eps, requiresGrad: o.requires_grad });
}
