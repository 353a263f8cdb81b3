// MaskTrackRCNN and QDTrack: a two-stage detector with a head that makes vectors of objects, by which a tracker recognises them in other
// frames. They learn from pairs of frames. Unlike the reference, the first stage of MaskTrackRCNN finds objects of all classes, where
// those after the first are its background there, and the second stage of QDTrack knows the classes, where all are the first there.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { TrackHead } from '../tracking-heads/track-head';
import type { DetBatch, LossContext, Losses } from '../types';
import { keyAndReference } from './clip-frames';
import { TrackingDetector, type TrackingOptions, trackingOptions } from './tracking-detector';
import { TwoStageDetector } from './two-stage-detector';

const options = z.strictObject({
  ...trackingOptions.shape,
  track_head: moduleOption('track_head').describe('Makes vectors of objects, by which they are recognised'),
});
const freezable = z.strictObject({
  ...options.shape,
  freeze_detector: z.boolean().default(false).describe('Only the track_head learns'),
});
type Options = TrackingOptions & { track_head: ModuleConfig; freeze_detector?: boolean };

export class AppearanceTrackingDetector extends TrackingDetector {
  readonly trackHead: TrackHead;
  private readonly twoStage: TwoStageDetector;

  constructor(
    private readonly type: string,
    { track_head, freeze_detector: frozen, ...config }: Options,
    context: BuildContext,
  ) {
    super(config, context);
    const { registry, path } = context;
    const cannot = `Cannot build ${type}${path ? ` at ${path}` : ''}: `;
    const { detector } = this;
    if (!(detector instanceof TwoStageDetector))
      throw new DetLabError(
        `${cannot}detector must be a two-stage detector, such as FasterRCNN, received "${config.detector.type}"`,
      );
    this.twoStage = detector;
    const place = { path: path ? `${path}.track_head` : 'track_head', inputs: detector.levels };
    const head = registry.build('track_head', track_head, place);
    if (!(head instanceof TrackHead))
      throw new DetLabError(
        `${cannot}track_head must be a RoITrackHead or QuasiDenseTrackHead, received "${track_head.type}"`,
      );
    this.trackHead = this.addChild('track_head', head);
    if (frozen) detector.freeze();
  }

  /** The losses of the detector in the key frames, and those of the vectors of both frames. */
  override loss(batch: DetBatch, context: LossContext): Losses {
    const { twoStage, trackHead } = this;
    const [key, reference] = keyAndReference(batch, this.type);
    const [features, others] = [key, reference].map(({ inputs }) => twoStage.extractFeatures(inputs));
    const { losses, proposals } = twoStage.lossesOf(features, key, context);
    const near = trackHead.readsProposals ? twoStage.propose(others, reference) : undefined;
    const learned = { features: others, batch: reference, proposals: near };
    return { ...losses, ...trackHead.loss({ features, batch: key, proposals }, learned, context) };
  }

  /** Detections with what a tracker recognises them by. */
  override predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    const features = this.twoStage.extractFeatures(batch.inputs);
    const found = this.twoStage.predictFrom(features, batch, { rescale });
    return this.withEmbeddings(features, found, batch, rescale);
  }

  private withEmbeddings(features: tf.Tensor4D[], found: Detections[], { samples }: DetBatch, rescaled: boolean) {
    const boxes = found.map(({ bboxes }, i) => {
      const { scaleFactor } = samples[i].meta;
      return rescaled ? bboxes.map((v, k) => v * scaleFactor[k % 2]) : bboxes;
    });
    const { values, size } = this.trackHead.embed(features, boxes);
    let start = 0;
    return found.map((detections) => {
      const length = detections.scores.length * size;
      return { ...detections, embeddings: values.slice((start += length) - length, start) };
    });
  }
}

const rcnn = (type: string, mask: string) => `{
    type: '${type}',
    backbone: { type: 'ResNet', depth: 50 },
    neck: { type: 'FPN', out_channels: 256, num_outs: 5 },
    rpn_head: { type: 'RPNHead', anchor_generator: { type: 'AnchorGenerator', scales: [8], ratios: [0.5, 1, 2] } },
    roi_head: {
      type: 'StandardRoIHead',
      bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } },
      bbox_head: { type: 'Shared2FCBBoxHead', num_classes: 80 },${mask}
    },
    test_cfg: {
      rpn: { nms_pre: 200, max_per_img: 200, nms: { type: 'nms', iou_threshold: 0.7 } },
      rcnn: { score_thr: 0.01, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100${mask && ', mask_thr_binary: 0.5'} },
    },
  }`;
const example = (type: string, detector: string, head: string, embed: string, tracker: string) => `{
  type: '${type}',
  data_preprocessor: { type: 'TrackDataPreprocessor', pad_size_divisor: 32 },
  detector: ${detector},
  track_head: {
    type: '${head}',
    roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7, sampling_ratio: 0 } },
    embed_head: ${embed},
  },
  tracker: { type: '${tracker}' },
}`;
const MASKS = `
      mask_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 14 } },
      mask_head: { type: 'FCNMaskHead', num_classes: 80 },`;

export const appearanceTrackingDefinitions = [
  defineModule({
    kind: 'detector',
    type: 'MaskTrackRCNN',
    summary: 'MaskTrack R-CNN: Mask R-CNN that recognises its objects in the frames of a video',
    paper: 'Yang, Fan and Xu, Video Instance Segmentation, ICCV 2019',
    shapes: 'images -> boxes [n, 4], scores [n], labels [n] and masks of each; of the frames of a video also ids [n]',
    example: example(
      'MaskTrackRCNN',
      rcnn('MaskRCNN', MASKS),
      'RoITrackHead',
      "{ type: 'RoIEmbedHead', num_fcs: 2 }",
      'MaskTrackRCNNTracker',
    ),
    options,
    build: (given: Options, context: BuildContext) => new AppearanceTrackingDetector('MaskTrackRCNN', given, context),
  }),
  defineModule({
    kind: 'detector',
    type: 'QDTrack',
    summary:
      'QDTrack: Faster R-CNN that recognises its objects in the frames of a video, learned from many pairs of RoIs',
    paper: 'Pang et al., Quasi-Dense Similarity Learning for Multiple Object Tracking, CVPR 2021',
    shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each; of the frames of a video also ids [n]',
    example: example(
      'QDTrack',
      rcnn('FasterRCNN', ''),
      'QuasiDenseTrackHead',
      "{ type: 'QuasiDenseEmbedHead', num_convs: 4, num_fcs: 1, norm_cfg: { type: 'GN', num_groups: 32 } }",
      'QuasiDenseTracker',
    ),
    options: freezable,
    build: (given: Options, context: BuildContext) => new AppearanceTrackingDetector('QDTrack', given, context),
  }),
] as const;
