// What the detectors of the DETR family refuse: parts and options that do not fit each other.

import { beforeAll, describe, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import { plainBackend } from '../../../src/engine';
import { buildDetector } from '../../../src/models/build';
import { models } from './check-detr-family';

beforeAll(plainBackend);

describe('a config that does not fit is refused', () => {
  const refuse = (name: string, change: (cfg: ModuleConfig) => void, message: RegExp) => {
    const cfg = structuredClone(models[name].cfg);
    change(cfg);
    expect(() => buildDetector(cfg)).toThrow(message);
  };
  const part = (cfg: ModuleConfig, key: string) => cfg[key] as Record<string, unknown>;
  const layerOf = (cfg: ModuleConfig, key: string) =>
    part(cfg, key).layer_cfg as Record<string, Record<string, unknown>>;
  test.each([
    ['neck of other channels', 'conditional', (c) => (part(c, 'neck').out_channels = 32), /features have 32 channels/],
    [
      'positions of other channels',
      'dab',
      (c) => (part(c, 'positional_encoding').num_feats = 4),
      /num_feats must be 8/,
    ],
    [
      'decoder of other channels',
      'dab',
      (c) => {
        for (const layer of Object.values(layerOf(c, 'decoder'))) layer.embed_dims = 32;
      },
      /the encoder has embed_dims 16, but decoder\.layer_cfg has 32\. Give both the same/,
    ],
    [
      'attention to the image of other channels',
      'deformable',
      (c) => (layerOf(c, 'decoder').cross_attn_cfg.embed_dims = 32),
      /decoder\.layer_cfg\.cross_attn_cfg\.embed_dims: expected 16, the embed_dims of self_attn_cfg, received 32/,
    ],
    [
      'feed-forward network of other channels',
      'conditional',
      (c) => (layerOf(c, 'encoder').ffn_cfg.embed_dims = 32),
      /encoder\.layer_cfg\.ffn_cfg\.embed_dims: expected 16, the embed_dims of self_attn_cfg, received 32/,
    ],
    [
      'heads that do not divide the channels',
      'dino',
      (c) => (layerOf(c, 'decoder').self_attn_cfg.num_heads = 3),
      /decoder\.layer_cfg\.self_attn_cfg\.num_heads: expected a divisor of embed_dims 16, received 3/,
    ],
    ['head of other channels', 'dab', (c) => (part(c, 'bbox_head').embed_dims = 32), /bbox_head has 32/],
    ['levels', 'deformable', (c) => (c.num_feature_levels = 4), /num_feature_levels 4, but the 3 levels/],
    ['levels of the attention', 'deformable', (c) => (part(c, 'neck').num_outs = 2), /num_feature_levels 3/],
    [
      'head on feature levels',
      'conditional',
      (c) =>
        Object.assign(c, {
          bbox_head: { type: 'FCOSHead', num_classes: 3, in_channels: 16 },
          train_cfg: null,
          test_cfg: null,
        }),
      /bbox_head must be a ConditionalDETRHead, received "FCOSHead"/,
    ],
    [
      'head of another member of the family',
      'dino',
      (c) => (part(c, 'bbox_head').type = 'DeformableDETRHead'),
      /bbox_head must be a DINOHead, received "DeformableDETRHead"/,
    ],
    ['what the detector sets', 'dino', (c) => (part(c, 'bbox_head').as_two_stage = true), /set by the detector/],
    ['one stage of DINO', 'dino', (c) => (c.as_two_stage = false), /always has two stages/],
    ['a norm after deformable layers', 'dino', (c) => delete part(c, 'decoder').post_norm_cfg, /post_norm_cfg/],
    ['points with modulated size', 'dab', (c) => (part(c, 'decoder').query_dim = 2), /needs queries that are boxes/],
    ['an unknown option', 'dino', (c) => (c.num_query = 5), /Did you mean "num_queries"/],
  ] as [string, string, (c: ModuleConfig) => void, RegExp][])('%s', (_, name, change, message) =>
    refuse(name, change, message),
  );
});
