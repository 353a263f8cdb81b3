// Translates detection transformers: in 2.x the transformer was part of the head, in 3.x encoder and decoder are part of the
// detector.

import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { type Changes, defined, objectAt, take } from './changes';

const PLAIN_ORDER = [
  ['self_attn', 'norm', 'ffn', 'norm'],
  ['self_attn', 'norm', 'cross_attn', 'norm', 'ffn', 'norm'],
].map(String);

/** Built-in types of each part; others are user-defined classes. */
const TYPES = [
  'Transformer',
  'DeformableDetrTransformer',
  'DetrTransformerEncoder',
  'DetrTransformerDecoder',
  'DeformableDetrTransformerDecoder',
  'BaseTransformerLayer',
  'DetrTransformerDecoderLayer',
];
const STACK = ['type', 'num_layers', 'transformerlayers', 'return_intermediate', 'post_norm_cfg', 'init_cfg'];
const LAYER = [
  'type',
  'attn_cfgs',
  'feedforward_channels',
  'ffn_dropout',
  'ffn_num_fcs',
  'ffn_cfgs',
  'operation_order',
  'act_cfg',
  'norm_cfg',
  'batch_first',
  'init_cfg',
];

/** Options of the transformer and the head that belong to the detector in 3.x. */
const OF_DETECTOR = { num_query: 'num_queries', as_two_stage: 'as_two_stage', with_box_refine: 'with_box_refine' };

export function migrateTransformer(model: ConfigObject, head: ConfigObject, path: string, changes: Changes): void {
  const plain = /^(mmdet\.)?DETR$/.test(String(model.type));
  const transformer = take(head, 'transformer') as ConfigObject;
  changes.note(`${path}.transformer`, 'model.encoder and model.decoder');
  checkType(transformer, `${path}.transformer`, changes);
  const {
    type: _,
    encoder,
    decoder,
    two_stage_num_proposals: proposals,
    num_feature_levels: levels,
    ...rest
  } = transformer;
  for (const key of Object.keys(rest)) {
    if (key === 'init_cfg' || key === 'embed_dims') continue;
    changes.leave(`${path}.transformer.${key}`, `not an option of ${String(model.type)} in 3.x`);
  }
  if (isObject(encoder))
    model.encoder = stack(encoder, ['self_attn_cfg'], plain, `${path}.transformer.encoder`, changes);
  if (isObject(decoder))
    model.decoder = {
      ...stack(decoder, ['self_attn_cfg', 'cross_attn_cfg'], plain, `${path}.transformer.decoder`, changes),
      return_intermediate: decoder.return_intermediate ?? true,
      ...(plain ? {} : { post_norm_cfg: null }),
    };
  const positions = take(head, 'positional_encoding');
  if (isObject(positions)) {
    changes.note(`${path}.positional_encoding`, 'model.positional_encoding');
    const { type, ...options } = positions;
    if (type !== undefined && type !== 'SinePositionalEncoding')
      changes.leave(
        `${path}.positional_encoding.type`,
        `${type}: ${String(model.type)} of 3.x has SinePositionalEncoding`,
      );
    model.positional_encoding = options;
  }
  for (const [from, to] of Object.entries(OF_DETECTOR)) {
    const value = take(head, from);
    if (value === undefined) continue;
    changes.note(`${path}.${from}`, `model.${to}`);
    model[to] = value;
  }
  if (!plain && levels !== undefined) model.num_feature_levels = levels;
  model.num_queries ??= proposals ?? (plain ? 100 : 300);
  migrateInput(model, head, path, firstAttention(isObject(encoder) ? encoder : {}).embed_dims ?? 256, plain, changes);
}

/** The head's input projection becomes a neck. */
function migrateInput(
  model: ConfigObject,
  head: ConfigObject,
  path: string,
  width: ConfigValue,
  plain: boolean,
  changes: Changes,
): void {
  if (width !== 256 || plain) head.embed_dims = width;
  const channels = take(head, 'in_channels');
  if (channels === undefined) return;
  if (model.neck !== undefined) {
    changes.note(`${path}.in_channels`, 'dropped: inferred from the neck');
    return;
  }
  changes.note(`${path}.in_channels`, 'model.neck (ChannelMapper)');
  model.neck = {
    type: 'ChannelMapper',
    in_channels: [channels],
    kernel_size: 1,
    out_channels: width,
    act_cfg: null,
    norm_cfg: null,
    num_outs: 1,
  };
}

function firstAttention(stacked: ConfigObject): ConfigObject {
  const given = objectAt(stacked, 'transformerlayers')?.attn_cfgs;
  const first = Array.isArray(given) ? given[0] : given;
  return isObject(first) ? first : {};
}

function stack(
  given: ConfigObject,
  attentions: readonly string[],
  plain: boolean,
  path: string,
  changes: Changes,
): ConfigObject {
  const layer = objectAt(given, 'transformerlayers') ?? {};
  checkType(given, path, changes);
  checkType(layer, `${path}.transformerlayers`, changes);
  changes.unknownKeys(given, STACK, path);
  changes.unknownKeys(layer, LAYER, `${path}.transformerlayers`);
  const { operation_order: order } = layer;
  if (order !== undefined && !PLAIN_ORDER.includes(String(order)))
    changes.leave(`${path}.transformerlayers.operation_order`, '3.x has one order, norm after attention');
  const list = Array.isArray(layer.attn_cfgs) ? layer.attn_cfgs : [layer.attn_cfgs ?? {}];
  const attention = attentions.map((name, i): [string, ConfigValue] => {
    const { type: _, ...options } = (list[i] ?? list[0] ?? {}) as ConfigObject;
    return [name, { ...options, batch_first: true }];
  });
  const { type: _, ffn_dropout: oldDrop, ...ffn } = objectAt(layer, 'ffn_cfgs') ?? {};
  return {
    num_layers: given.num_layers ?? 6,
    layer_cfg: {
      ...Object.fromEntries(attention),
      ...defined({ norm_cfg: layer.norm_cfg }),
      ffn_cfg: defined({
        ...ffn,
        embed_dims: ffn.embed_dims ?? firstAttention(given).embed_dims,
        feedforward_channels: ffn.feedforward_channels ?? layer.feedforward_channels,
        num_fcs: ffn.num_fcs ?? layer.ffn_num_fcs ?? (plain ? 2 : undefined),
        ffn_drop: ffn.ffn_drop ?? oldDrop ?? layer.ffn_dropout,
        act_cfg: ffn.act_cfg ?? layer.act_cfg ?? (plain ? { type: 'ReLU', inplace: true } : undefined),
      }),
    },
  };
}

function checkType({ type }: ConfigObject, path: string, changes: Changes): void {
  const name = String(type ?? TYPES[0]).replace(/^mmdet\./, '');
  if (!TYPES.includes(name))
    changes.leave(
      `${path}.type`,
      `${name} is replaced by 3.x's built-in class; a user-defined class needs a user-defined detector`,
    );
}
