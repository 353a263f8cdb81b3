// The kind of module that MMDetection's option names hold (`roi_head`, `bbox_coder`): how the check looks inside a module
// of an unknown type. Inside a known one the kind comes from its option schema.

import type { Kind } from './kinds';

const KIND_OF: Record<string, Kind> = {
  data_preprocessor: 'data_preprocessor',
  backbone: 'backbone',
  neck: 'neck',
  rpn_head: 'dense_head',
  roi_head: 'roi_head',
  mask_head: 'mask_head',
  mask_iou_head: 'mask_iou_head',
  grid_head: 'grid_head',
  point_head: 'point_head',
  semantic_head: 'semantic_head',
  feat_relay_head: 'feat_relay_head',
  glbctx_head: 'glbctx_head',
  head: 'reid_head',
  reid: 'detector',
  panoptic_head: 'panoptic_head',
  pixel_decoder: 'pixel_decoder',
  panoptic_fusion_head: 'panoptic_fusion_head',
  shared_head: 'shared_head',
  track_head: 'track_head',
  embed_head: 'embed_head',
  architecture: 'detector',
  distiller: 'distiller',
  bbox_roi_extractor: 'roi_extractor',
  mask_roi_extractor: 'roi_extractor',
  grid_roi_extractor: 'roi_extractor',
  semantic_roi_extractor: 'roi_extractor',
  roi_layer: 'roi_layer',
  head_module: 'head_module',
  anchor_generator: 'anchor_generator',
  prior_generator: 'anchor_generator',
  bbox_coder: 'bbox_coder',
  angle_coder: 'angle_coder',
  assigner: 'assigner',
  sampler: 'sampler',
  iou_calculator: 'iou_calculator',
  match_costs: 'match_cost',
  positional_encoding: 'positional_encoding',
  pipeline: 'transform',
  transforms: 'transform',
  dataset: 'dataset',
  datasets: 'dataset',
  metrics: 'metric',
  optimizer: 'optimizer',
  vis_backends: 'vis_backend',
};

/** @param within the kind of the enclosing module */
export function kindOfPart(name: string, within: Kind): Kind | undefined {
  if (name.startsWith('loss')) return 'loss';
  if (name === 'bbox_head') return within === 'roi_head' ? 'bbox_head' : 'dense_head';
  return Object.hasOwn(KIND_OF, name) ? KIND_OF[name] : undefined;
}
