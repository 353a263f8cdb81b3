import type { ConfigOf } from '../../../src/catalogue/config-types';

// An embedding of 128 numbers of the image of a person, by ResNet-50.
const reid: ConfigOf<'detector'> = {
  type: 'BaseReID',
  data_preprocessor: { type: 'mmpretrain.ClsDataPreprocessor' },
  backbone: { type: 'mmpretrain.ResNet', depth: 50, num_stages: 4, out_indices: [3], style: 'pytorch' },
  neck: { type: 'GlobalAveragePooling', kernel_size: [8, 4], stride: 1 },
  head: {
    type: 'LinearReIDHead',
    num_fcs: 1,
    in_channels: 2048,
    fc_channels: 1024,
    out_channels: 128,
    num_classes: 380,
    loss_cls: { type: 'mmpretrain.CrossEntropyLoss', loss_weight: 1.0 },
    loss_triplet: { type: 'TripletLoss', margin: 0.3, loss_weight: 1.0 },
    norm_cfg: { type: 'BN1d' },
    act_cfg: { type: 'ReLU' },
  },
};

export default reid;
