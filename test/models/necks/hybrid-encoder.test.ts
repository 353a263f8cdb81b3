// What HybridEncoder refuses of its widths, before a tensor meets another that does not fit it.

import { beforeAll, expect, test } from 'vitest';
import { plainBackend } from '../../../src/engine';
import { createRegistry } from '../../../src/models/catalogue';

beforeAll(plainBackend);

const registry = createRegistry();
const neck = (hidden_dim: number, embed_dims: number, more = {}) =>
  registry.build(
    'neck',
    {
      type: 'HybridEncoder',
      in_channels: [8, 16, 32],
      hidden_dim,
      layer_cfg: { self_attn_cfg: { embed_dims, num_heads: 2 }, ffn_cfg: { embed_dims, feedforward_channels: 16 } },
      ...more,
    },
    { path: 'model.neck' },
  );

test('its width is that of its self-attention, and holds sines and cosines of rows and columns', () => {
  expect(neck(16, 16).outputs.map(({ channels }) => channels)).toEqual([16, 16, 16]);
  expect(() => neck(16, 32)).toThrow(
    /HybridEncoder at model\.neck: expected hidden_dim .* equal to layer_cfg\.self_attn_cfg\.embed_dims; received hidden_dim 16 and embed_dims 32/,
  );
  expect(() => neck(6, 6)).toThrow(/expected hidden_dim to be a multiple of 4, .*; received hidden_dim 6/);
});

test('without self-attention its width is free', () => {
  expect(neck(6, 32, { num_encoder_layers: 0 }).outputs).toHaveLength(3);
  expect(neck(6, 32, { use_encoder_idx: [] }).outputs).toHaveLength(3);
});
