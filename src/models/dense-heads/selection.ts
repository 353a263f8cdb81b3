// What a dense head gives to the selection of detections, and how they are selected: for `detect`, and for programs that run the
// head without it.

import type * as tf from '@tensorflow/tfjs';
import type { ImageMaskParts } from '../mask-heads/image-mask-parts';
import type { Size } from '../task-modules';
import type { SuppressionCfg } from './decode-detections';

/** What detections are selected from. */
export interface CandidateTensors {
  /** Probabilities [N, T, K]; the first C columns are the classes. */
  scores: tf.Tensor;
  /** What `decode` reads [N, T, 4]; [N, T, 5] of rotated boxes. */
  boxes: tf.Tensor;
  /** Whether the boxes are decoded already, in pixels: of heads whose priors differ from image to image. */
  decoded?: boolean;
  /** Factors on the selected scores [N, T, 1]: centerness, objectness. */
  factors?: tf.Tensor;
}

/** What detections have beside their boxes, of all priors. */
export interface CandidateParts {
  /** x, y in pixels and score of the keypoints of each prior [N, T, 3 keypoints]. */
  keypoints?: tf.Tensor;
  /** Parameters of the mask of each prior [N, T, K]. */
  parameters?: tf.Tensor;
  /** The priors themselves, points with strides [T, 4]. */
  points?: tf.Tensor;
  /** The map that all masks of an image are computed from [N, h, w, C]. */
  map?: tf.Tensor;
}

export interface DecodedCandidates extends CandidateTensors {
  /** [H, W] of each level. */
  sizes: Size[];
  /** Priors of each level; they add up to T. */
  levels: readonly number[];
  /** What detections have beside their boxes. */
  parts?: CandidateParts;
}

/** How detections are selected from candidates whose boxes are decoded. */
export interface Selection {
  /**
   * - `by level`: the best (prior, class) pairs of each level above `score_thr`, NMS by class
   * - `all levels`: the same of all levels together; of one class a prior without `multi_label`
   * - `best class`: every prior with its best class, if the score with the factor reaches `score_thr`; NMS by class
   * - `objects`: as `all levels`, of the priors whose factor reaches `conf_thr`
   * - `best priors`: all pairs above `score_thr` of the priors of each level whose best class scores highest; NMS by class
   * - `voted priors`: the same, with boxes that are the mean of others
   * - `fast NMS`: the same pairs, of each class the best `top_k`; a box is dropped where any better one overlaps it more than `iou_thr`
   * - `proposals`: the best of each level by logit, NMS within the level
   * - `located proposals`: the same of priors whose logit is not minus infinity
   */
  rule:
    | 'by level'
    | 'all levels'
    | 'best class'
    | 'objects'
    | 'best priors'
    | 'voted priors'
    | 'fast NMS'
    | 'proposals'
    | 'located proposals';
  /** Whether boxes are clipped to the image before NMS. */
  clips: boolean;
  /** Pixels that the clipped boxes end short of the right and lower edge of the image; none when absent. */
  margin?: number;
  /** Keypoints of each detection: those of its prior. */
  keypoints?: number;
  /** Masks of the detections, computed of the parameters of their priors. */
  masks?: ImageMaskParts;
  /** Without `nms` none of what the rule gives is suppressed. */
  cfg: Omit<SuppressionCfg, 'nms'> & {
    nms?: SuppressionCfg['nms'] | null;
    multi_label?: boolean;
    conf_thr?: number;
    nms_post?: number;
    nms_across_levels?: boolean;
    iou_thr?: number;
    top_k?: number;
  };
}
