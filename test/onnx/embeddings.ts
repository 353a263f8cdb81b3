// A small model of embeddings, for the tests of exported models.

import type { ModuleConfig } from '../../src/catalogue/registry';

/** Embeddings of whole images. */
export const REID: ModuleConfig = {
  type: 'BaseReID',
  backbone: { type: 'mmpretrain.ResNet', depth: 18, base_channels: 8, stem_channels: 8 },
  neck: { type: 'GlobalAveragePooling' },
  head: {
    type: 'LinearReIDHead',
    num_fcs: 0,
    fc_channels: 8,
    out_channels: 8,
    loss_triplet: { type: 'TripletLoss' },
  },
};
