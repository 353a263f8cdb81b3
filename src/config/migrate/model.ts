// Models of 1.x and 2.x as 3.x has them: data preprocessor, initial weights, DETR's transformer, names of packages.

import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { type Changes, defined, objectAt, take } from './changes';
import type { Preprocessing } from './pipeline';

export function migrateModel(config: ConfigObject, preprocessing: Preprocessing, changes: Changes): void {
  const model = objectAt(config, 'model');
  if (!model) return;
  for (const key of ['train_cfg', 'test_cfg']) {
    const settings = config[key];
    if (!isObject(settings) || model[key] !== undefined || /Loop$/.test(String(settings.type ?? ''))) continue;
    changes.note(key, `model.${key}`);
    model[key] = settings;
    delete config[key];
  }
  const pretrained = take(model, 'pretrained');
  const backbone = objectAt(model, 'backbone');
  if (pretrained !== undefined) {
    changes.note('model.pretrained', 'model.backbone.init_cfg');
    if (backbone && pretrained !== null) backbone.init_cfg = { type: 'Pretrained', checkpoint: pretrained };
  }
  if (!model.data_preprocessor && preprocessing.norm) model.data_preprocessor = preprocessor(preprocessing);
  const head = objectAt(model, 'bbox_head');
  if (head && isObject(head.transformer) && /^DETR/.test(String(model.type))) migrateDetr(model, head, changes);
  renameScopes(model, 'model', changes);
}

function preprocessor({ norm = {}, divisor }: Preprocessing): ConfigObject {
  return defined({
    type: 'DetDataPreprocessor',
    mean: norm.mean,
    std: norm.std,
    bgr_to_rgb: norm.to_rgb ?? true,
    pad_size_divisor: divisor ?? 1,
  });
}

/** `bbox_head.transformer` becomes the model's encoder and decoder, the head's input projection its neck. */
function migrateDetr(model: ConfigObject, head: ConfigObject, changes: Changes): void {
  const transformer = take(head, 'transformer') as ConfigObject;
  changes.note('model.bbox_head.transformer', 'model.encoder and model.decoder');
  const encoder = objectAt(transformer, 'encoder');
  const decoder = objectAt(transformer, 'decoder');
  if (encoder) model.encoder = stack(encoder, ['self_attn_cfg']);
  if (decoder)
    model.decoder = {
      ...stack(decoder, ['self_attn_cfg', 'cross_attn_cfg']),
      return_intermediate: decoder.return_intermediate ?? true,
    };
  const positions = take(head, 'positional_encoding');
  if (isObject(positions)) {
    changes.note('model.bbox_head.positional_encoding', 'model.positional_encoding');
    const { type: _, ...rest } = positions;
    model.positional_encoding = rest;
  }
  const queries = take(head, 'num_query');
  model.num_queries = queries ?? 100;
  if (queries !== undefined) changes.note('model.bbox_head.num_query', 'model.num_queries');
  const width = firstAttention(encoder ?? decoder ?? {}).embed_dims ?? 256;
  head.embed_dims = width;
  const channels = take(head, 'in_channels');
  if (channels !== undefined && model.neck === undefined) {
    changes.note('model.bbox_head.in_channels', 'model.neck (ChannelMapper)');
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
  const assigner = objectAt(objectAt(model, 'train_cfg') ?? {}, 'assigner');
  if (!assigner || assigner.match_costs !== undefined) return;
  const costs = ['cls_cost', 'reg_cost', 'iou_cost']
    .map((key) => take(assigner, key))
    .filter((cost) => cost !== undefined);
  if (!costs.length) return;
  changes.note('model.train_cfg.assigner.{cls_cost, reg_cost, iou_cost}', 'match_costs');
  assigner.match_costs = costs;
}

function firstAttention(stacked: ConfigObject): ConfigObject {
  const layer = objectAt(stacked, 'transformerlayers') ?? {};
  const given = layer.attn_cfgs;
  const first = Array.isArray(given) ? given[0] : given;
  return isObject(first) ? first : {};
}

function stack(given: ConfigObject, attentions: readonly string[]): ConfigObject {
  const layer = objectAt(given, 'transformerlayers') ?? {};
  const list = Array.isArray(layer.attn_cfgs) ? layer.attn_cfgs : [layer.attn_cfgs ?? {}];
  const attention = attentions.map((name, i): [string, ConfigValue] => {
    const { type: _, ...rest } = (list[i] ?? list[0] ?? {}) as ConfigObject;
    return [name, { ...rest, batch_first: true }];
  });
  const feedforward = objectAt(layer, 'ffn_cfgs') ?? {};
  const { type: _, ffn_dropout: oldDrop, ...ffn } = feedforward;
  return {
    num_layers: given.num_layers ?? 6,
    layer_cfg: {
      ...Object.fromEntries(attention),
      ffn_cfg: defined({
        ...ffn,
        embed_dims: ffn.embed_dims ?? firstAttention(given).embed_dims,
        feedforward_channels: ffn.feedforward_channels ?? layer.feedforward_channels,
        num_fcs: ffn.num_fcs ?? 2,
        ffn_drop: ffn.ffn_drop ?? oldDrop ?? layer.ffn_dropout,
        act_cfg: ffn.act_cfg ?? { type: 'ReLU', inplace: true },
      }),
    },
  };
}

/** mmcls became mmpretrain. */
function renameScopes(value: ConfigValue, path: string, changes: Changes): void {
  if (Array.isArray(value)) for (const [i, item] of value.entries()) renameScopes(item, `${path}[${i}]`, changes);
  if (!isObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === 'type' && typeof item === 'string' && item.startsWith('mmcls.')) {
      value[key] = item.replace('mmcls.', 'mmpretrain.');
      changes.note(`${path}.type ${item}`, String(value[key]));
    } else renameScopes(item, `${path}.${key}`, changes);
  }
}
