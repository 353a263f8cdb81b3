// Public names of the evaluation folder, and the list of built-in metrics.

import type { AnyDefinition } from '../catalogue/registry';
import { BoundaryMetric } from './boundary-metric';
import { CityScapesMetric } from './cityscapes-metric';
import { CocoMetric } from './coco-metric';
import { CocoPanopticMetric } from './coco-panoptic-metric';
import { CocoVideoMetric } from './coco-video-metric';
import { CrowdHumanMetric } from './crowd-human-metric';
import { DODCocoMetric } from './dod-coco-metric';
import { DOTAMetric } from './dota-metric';
import { DumpDetResults } from './dump-det-results';
import { DumpODVGResults } from './dump-odvg-results';
import { Flickr30kMetric } from './flickr30k-metric';
import { gRefCOCOMetric } from './grefcoco-metric';
import { LVISFixedAPMetric } from './lvis-fixed-ap-metric';
import { LVISMetric } from './lvis-metric';
import { MMPoseCocoMetric } from './mmpose-coco-metric';
import { MOTChallengeMetric } from './mot-challenge-metric';
import { MultiDatasetsEvaluator } from './multi-datasets-evaluator';
import { OpenImagesMetric } from './open-images-metric';
import { OVCocoMetric } from './ov-coco-metric';
import { RefExpMetric } from './ref-exp-metric';
import { RefSegMetric } from './ref-seg-metric';
import { ReIDMetrics } from './reid-metrics';
import { SemSegMetric } from './sem-seg-metric';
import { VOCMetric } from './voc-metric';
import { WIDERFaceMetric } from './wider-face-metric';
import { YouTubeVISMetric } from './youtube-vis-metric';

export { cityscapesLabelIds, instanceFiles } from './cityscapes-files';
export { COCO_IOU_THRESHOLDS, CocoBboxMetric, type CocoBboxOptions, evaluateBoxes } from './coco-bbox';
export type { CocoDetection } from './coco-detection';
export {
  type CocoImageDetections,
  detectionsOfCoco,
  readCocoDetections,
} from './coco-detections';
export { mmdetectionNames } from './coco-metric';
export { CocoSegmMetric } from './coco-segm';
export { addAll, CombinedMetric, type MetricPart } from './combined-metric';
export {
  type CocoFile,
  type ImageTruths,
  readCocoFile,
  truthsOfCoco,
  truthsOfDataset,
  truthsOfRecord,
} from './image-truths';
export { MaskOverlaps } from './mask-overlaps';
export { ProposalRecall, type ProposalRecallOptions } from './proposal-recall';
export type { BoxDetections, BoxMetric, ClassReport, EvaluationReport, MetricFactory, MetricValues } from './report';
export { compactDetections, type EvaluatedImage, type EvaluationResults, evaluatesMasks } from './results';
export { type ImageResult, resultsPickle } from './results-pickle';
export { VocBboxMetric, type VocBboxOptions } from './voc-bbox';
export { writeWhole } from './write-whole';

export const METRICS = [
  CityScapesMetric,
  CocoMetric,
  CocoPanopticMetric,
  MMPoseCocoMetric,
  SemSegMetric,
  BoundaryMetric,
  LVISMetric,
  LVISFixedAPMetric,
  VOCMetric,
  OpenImagesMetric,
  CrowdHumanMetric,
  DOTAMetric,
  WIDERFaceMetric,
  Flickr30kMetric,
  RefExpMetric,
  RefSegMetric,
  gRefCOCOMetric,
  DODCocoMetric,
  OVCocoMetric,
  MOTChallengeMetric,
  ReIDMetrics,
  CocoVideoMetric,
  YouTubeVISMetric,
  MultiDatasetsEvaluator,
  DumpDetResults,
  DumpODVGResults,
] as const satisfies readonly AnyDefinition[];
