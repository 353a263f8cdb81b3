import type { MetricConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const val_evaluator: MetricConfig[] = [
  {
    type: 'CocoVideoMetric',
    metric: ['bbox'],
    classwise: true,
  },
  {
    type: 'MOTChallengeMetric',
    metric: ['HOTA', 'CLEAR', 'Identity'],
  },
];

export default defineConfig({
  _base_: ['./qdtrack_faster-rcnn_r50_fpn_4e_base', '../_base_/datasets/mot_challenge'],
  val_evaluator: val_evaluator,
  test_evaluator: val_evaluator,
  randomness: {
    seed: 6,
  },
});
