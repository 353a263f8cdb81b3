// What MMYOLO's heads share at inference: candidates are boxes already, and are selected and suppressed by MMYOLO's rules.

import type * as tf from '@tensorflow/tfjs';
import type { Detections, ImageMeta } from '../../data/types';
import type { Candidates } from './decode-detections';
import { decodeYoloDetections, type YOLOTestCfg, yoloSelection } from './decode-yolo-detections';
import { DenseHead, type DenseHeadConfig, type Selection } from './dense-head';

export abstract class DecodedYOLOHead<
  C extends Omit<DenseHeadConfig, 'test_cfg'> & { test_cfg?: YOLOTestCfg | null },
  M extends string,
> extends DenseHead<C, M> {
  protected override decode(boxes: Float32Array): Float32Array {
    return boxes;
  }

  protected override decodedBoxes(boxes: tf.Tensor): tf.Tensor {
    return boxes;
  }

  override get selection(): Selection {
    return yoloSelection(this.testCfg);
  }

  protected override suppress(candidates: Candidates, meta: ImageMeta, cfg: YOLOTestCfg, rescale: boolean): Detections {
    return decodeYoloDetections(candidates, meta, cfg, rescale);
  }
}
