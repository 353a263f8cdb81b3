// Small detectors that have no form in ONNX: saving one says so.

import type { ModuleConfig } from '../../src/catalogue/registry';
import { REID } from './embeddings';
import { backbone, fpn } from './exported';
import { TWO_STAGE } from './two-stage-detectors';

/** With a tracker. */
const tracking = (type: string, tracker: string): ModuleConfig => ({
  type,
  data_preprocessor: { type: 'TrackDataPreprocessor' },
  detector: {
    type: 'RetinaNet',
    backbone,
    neck: fpn(),
    bbox_head: { type: 'RetinaHead', feat_channels: 8, stacked_convs: 1 },
    test_cfg: { score_thr: 0.2, nms: { type: 'nms', iou_threshold: 0.5 } },
  },
  tracker: { type: tracker },
});
const extractor = (bins: number) => ({
  type: 'SingleRoIExtractor',
  roi_layer: { type: 'RoIAlign', output_size: bins, sampling_ratio: 2 },
});

/** Detectors on text, refused by name: export-queries.test.ts. */
export const ON_TEXT = ['GroundingDINO', 'GroundingDINOHead', 'GLIP', 'ATSSVLFusionHead'];

const attention = { embed_dims: 16, num_heads: 2 };
const ffn_cfg = { embed_dims: 16, feedforward_channels: 16 };
const sine = { num_feats: 8, normalize: true };
/** Recognising objects by vectors. */
const appearance = (type: string, head: string, embed_head: ModuleConfig, tracker: string): ModuleConfig => ({
  type,
  data_preprocessor: { type: 'TrackDataPreprocessor' },
  detector: TWO_STAGE['Faster R-CNN'],
  track_head: { type: head, roi_extractor: extractor(5), embed_head },
  tracker: { type: tracker },
});
const vectors = { roi_feat_size: 5, in_channels: 16 };

export const REFUSED: Record<string, ModuleConfig> = {
  MaskTrackRCNN: appearance(
    'MaskTrackRCNN',
    'RoITrackHead',
    { type: 'RoIEmbedHead', ...vectors },
    'MaskTrackRCNNTracker',
  ),
  QDTrack: appearance(
    'QDTrack',
    'QuasiDenseTrackHead',
    { type: 'QuasiDenseEmbedHead', ...vectors },
    'QuasiDenseTracker',
  ),
  Mask2FormerVideo: {
    type: 'Mask2FormerVideo',
    backbone,
    track_head: {
      type: 'Mask2FormerTrackHead',
      feat_channels: 16,
      out_channels: 16,
      num_queries: 4,
      pixel_decoder: {
        type: 'MSDeformAttnPixelDecoder',
        norm_cfg: { type: 'GN', num_groups: 4 },
        encoder: {
          num_layers: 1,
          layer_cfg: { self_attn_cfg: { ...attention, num_levels: 3, num_points: 1 }, ffn_cfg },
        },
        positional_encoding: sine,
      },
      positional_encoding: { type: 'SinePositionalEncoding3D', ...sine },
      transformer_decoder: {
        num_layers: 1,
        layer_cfg: { self_attn_cfg: attention, cross_attn_cfg: attention, ffn_cfg },
      },
    },
  },
  ByteTrack: tracking('ByteTrack', 'ByteTracker'),
  OCSORT: tracking('OCSORT', 'OCSORTTracker'),
  DeepSORT: { ...tracking('DeepSORT', 'SORTTracker'), reid: REID },
  StrongSORT: { ...tracking('StrongSORT', 'StrongSORTTracker'), reid: REID },
};
