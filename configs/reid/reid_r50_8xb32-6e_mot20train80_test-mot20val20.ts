import { defineConfig } from '../../src/catalogue/define-config';

const data_root = 'data/MOT20/';

export default defineConfig({
  _base_: './reid_r50_8xb32-6e_mot17train80_test-mot17val20',
  model: { head: { num_classes: 1701 } },
  data_root,
  train_dataloader: { dataset: { data_root } },
  val_dataloader: { dataset: { data_root } },
  test_dataloader: { dataset: { data_root } },
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 6, val_interval: 7 },
});
