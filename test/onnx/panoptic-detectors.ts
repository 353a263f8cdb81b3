// A small Panoptic FPN, with weights that find something.

import * as tf from '@tensorflow/tfjs';
import type { ModuleConfig } from '../../src/catalogue/registry';
import type { PackedSample } from '../../src/data/types';
import type { Detector } from '../../src/models/types';
import { exported, feeds, lively, session } from './exported';
import { TWO_STAGE } from './two-stage-detectors';

const { test_cfg, ...maskRCNN } = TWO_STAGE['Mask R-CNN'] as ModuleConfig & { test_cfg: object };

export const PANOPTIC: Record<string, ModuleConfig> = {
  'Panoptic FPN': {
    ...maskRCNN,
    type: 'PanopticFPN',
    semantic_head: { type: 'PanopticFPNHead', num_stuff_classes: 1, inner_channels: 32 },
    panoptic_fusion_head: { type: 'HeuristicFusionHead' },
    test_cfg: { ...test_cfg, panoptic: { mask_overlap: 0.9, stuff_area_limit: 20 } },
  } as ModuleConfig,
};

/** A detector whose masks, on this image, have an edge: without learning they are almost full or almost empty. */
export async function layered(config: ModuleConfig, sample: PackedSample): Promise<Detector> {
  const model = lively(config, 2);
  const { height, width } = sample.image;
  const file = exported(model, { size: [32 * Math.ceil(height / 32), 32 * Math.ceil(width / 32)] });
  const running = await session(file);
  const { masks } = await running.run(feeds(model, [sample], file.inputs));
  await running.release();
  const logits = Float32Array.from(masks.data as Float32Array, (p) => Math.log(p / (1 - p))).sort();
  const middle = logits[logits.length >> 1];
  for (const [name, { variable }] of model.named())
    if (/mask_head.*conv_logits\.bias$/.test(name))
      tf.tidy(() => variable.assign(tf.sub(variable as tf.Tensor, middle)));
  return model;
}
