// Detectors with a tracker: ByteTrack and OCSORT. They detect frame by frame, and learn to, as the detector within; who calls them
// with the frames of a video has a tracker of that video give the detections identities.

import { z } from 'zod';
import { type BuildContext, defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { initCfg } from '../../nn';
import type { Tracker, TrackerFactory } from '../trackers';
import type { Detector } from '../types';
import { WrappedDetector } from './wrapped-detector';

export const trackingOptions = z.strictObject({
  data_preprocessor: moduleOption('data_preprocessor')
    .optional()
    .describe('Normalises images, pads them and stacks them into batches; that of the detector when absent'),
  detector: moduleOption('detector').describe('Detects in each frame'),
  tracker: moduleOption('tracker').describe('Gives what is detected identities'),
  init_cfg: initCfg.nullish().describe('Weight initialisation of the whole model'),
});
export type TrackingOptions = z.output<typeof trackingOptions>;
type Options = TrackingOptions;

export class TrackingDetector extends WrappedDetector {
  readonly detector: Detector;
  protected readonly startTracker: TrackerFactory;

  constructor({ data_preprocessor, detector, tracker }: Options, context: BuildContext) {
    super();
    const { registry, path } = context;
    if (data_preprocessor && (detector as ModuleConfig).data_preprocessor)
      throw new DetLabError(
        `Cannot build ${path}: it has a data_preprocessor, and ${path}.detector another, which would not be used. Remove one of them`,
      );
    const config = { ...detector, ...(data_preprocessor && { data_preprocessor }) } as ModuleConfig;
    this.detector = this.addChild(
      'detector',
      registry.build('detector', config, { ...context, path: `${path}.detector` }),
    );
    this.startTracker = registry.build('tracker', tracker as ModuleConfig, { path: `${path}.tracker` });
  }

  protected get inner(): Detector {
    return this.detector;
  }

  get tracker(): () => Tracker {
    return () => this.startTracker();
  }
}

/** The `detector` of examples. */
export const EXAMPLE_DETECTOR = `{
    type: 'YOLOX',
    backbone: { type: 'CSPDarknet', deepen_factor: 0.33, widen_factor: 0.5, out_indices: [2, 3, 4] },
    neck: { type: 'YOLOXPAFPN', in_channels: [128, 256, 512], out_channels: 128, num_csp_blocks: 1 },
    bbox_head: { type: 'YOLOXHead', num_classes: 1, in_channels: 128, feat_channels: 128 },
    train_cfg: { assigner: { type: 'SimOTAAssigner', center_radius: 2.5 } },
    test_cfg: { score_thr: 0.01, nms: { type: 'nms', iou_threshold: 0.7 } },
  }`;

const definition = <Type extends string>(type: Type, tracker: string, summary: string, paper: string) =>
  defineModule({
    kind: 'detector',
    type,
    summary,
    paper,
    shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each; of the frames of a video also ids [n]',
    example: `{
  type: '${type}',
  data_preprocessor: { type: 'TrackDataPreprocessor', pad_size_divisor: 32, use_det_processor: true },
  detector: ${EXAMPLE_DETECTOR},
  tracker: { type: '${tracker}', motion: { type: 'KalmanFilter' }, num_frames_retain: 30 },
}`,
    options: trackingOptions,
    build: (given: Options, context: BuildContext) => new TrackingDetector(given, context),
  });

export const trackingDefinitions = [
  definition(
    'ByteTrack',
    'ByteTracker',
    'ByteTrack: a detector whose detections are tracked by where they move, also those of low scores',
    'Zhang et al., ByteTrack: Multi-Object Tracking by Associating Every Detection Box, ECCV 2022',
  ),
  definition(
    'OCSORT',
    'OCSORTTracker',
    'OC-SORT: a detector whose detections are tracked by where they were seen to move',
    'Cao et al., Observation-Centric SORT: Rethinking SORT for Robust Multi-Object Tracking, CVPR 2023',
  ),
] as const;
