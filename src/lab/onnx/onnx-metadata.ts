// What an ONNX file says of itself: metadata_props, strings by key, objects as JSON. A program that runs the file needs no more
// than these. The exporter adds `outputs`: what each output is and how it is read.

import type { ConfigObject } from '../../config';
import { detectorPath, objectAt, preprocessorOptions } from '../config-access';
import { evaluationPipeline } from '../evaluation-pipeline';

/** Steps of a test pipeline that leave the pixels alone. */
const LOADING = /^(Load|Pack)/;

export interface OnnxFacts {
  name: string;
  version: string;
  classes: readonly string[];
  config: ConfigObject;
  nms: boolean;
  precision: string;
  /** From which score on detections are drawn, where one was chosen. */
  threshold?: number;
}

/** Settings of the data preprocessor and steps of the test pipeline, in the words of MMDetection. */
function preprocessing(config: ConfigObject): object {
  const settings = preprocessorOptions(config);
  const { mean = null, std = null, pad_size_divisor = 1, pad_value = 0 } = settings;
  const isRgb = settings.bgr_to_rgb || settings.to_rgb;
  const { steps } = evaluationPipeline(config, 'test');
  return {
    layout: 'NCHW',
    dtype: 'float32',
    channel_order: isRgb ? 'rgb' : 'bgr',
    mean,
    std,
    pad: 'bottom and right, after normalisation',
    pad_value,
    pad_size_divisor,
    steps: steps.filter(({ type }) => !LOADING.test(type.split('.').at(-1)!)),
  };
}

const BOXES =
  'xyxy in pixels of the input: subtract the padding at the left and top, divide by the factor of resizing, clip';
const ROTATED_BOXES =
  'center x and y, width, height, angle clockwise in radians, in pixels of the input: subtract the padding at the left and top, divide by ' +
  'the factor of resizing';

/** What the outputs are. */
function postprocessing(config: ConfigObject, nms: boolean): object {
  if (/BaseReID$/.test(String(objectAt(config, 'model').type)))
    return { embeddings: 'one vector of each image; those of one object are near each other' };
  const detector = objectAt(config, detectorPath(config));
  const head = String(objectAt(detector, 'bbox_head').type);
  const isRotated = /Rotated/.test(head);
  const keypoints = /Pose/.test(head);
  const masks = nms && Boolean(objectAt(detector, 'roi_head').mask_head);
  return {
    nms,
    boxes: isRotated ? ROTATED_BOXES : BOXES,
    ...(keypoints && { keypoints: `x and y as those of boxes, not clipped, and the probability of being visible` }),
    ...(masks && {
      masks:
        'probabilities of a grid over each box: resize it to the box, bilinearly, and compare with mask_thr_binary',
    }),
    test_cfg: objectAt(config, `${detectorPath(config)}.test_cfg`),
  };
}

/** @example onnxMetadata(facts).classes // '["car","person"]' */
export function onnxMetadata(facts: OnnxFacts): Record<string, string> {
  const { name, version, classes, config, nms, precision, threshold } = facts;
  return {
    detlab: version,
    model: name,
    classes: JSON.stringify(classes),
    preprocessing: JSON.stringify(preprocessing(config)),
    postprocessing: JSON.stringify(postprocessing(config, nms)),
    ...(threshold !== undefined && { score_threshold: String(threshold) }),
    precision,
  };
}
