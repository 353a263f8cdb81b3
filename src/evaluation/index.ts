// Public names of the evaluation folder, and the list of built-in metrics.

import type { AnyDefinition } from '../catalogue/registry';
import { CityScapesMetric } from './cityscapes-metric';
import { CocoMetric } from './coco-metric';
import { VOCMetric } from './voc-metric';

export { cityscapesLabelIds, instanceFiles } from './cityscapes-files';
export { COCO_IOU_THRESHOLDS, CocoBboxMetric, type CocoBboxOptions, evaluateBoxes } from './coco-bbox';
export {
  type CocoDetection,
  type CocoImageDetections,
  detectionsOfCoco,
  readCocoDetections,
} from './coco-detections';
export type { MetricFactory } from './coco-metric';
export { CocoSegmMetric } from './coco-segm';
export {
  type CocoFile,
  type ImageTruths,
  readCocoFile,
  truthsOfCoco,
  truthsOfDataset,
  truthsOfRecord,
} from './image-truths';
export { logNames } from './log-names';
export { type ListedMetric, metricList } from './metric-list';
export { ProposalRecall, type ProposalRecallOptions } from './proposal-recall';
export type { BoxDetections, BoxMetric, ClassReport, EvaluationReport, MetricValues } from './report';
export { compactDetections, type EvaluatedImage, type EvaluationResults, evaluatesMasks } from './results';
export { VocBboxMetric, type VocBboxOptions } from './voc-bbox';

export const METRICS = [CocoMetric, VOCMetric, CityScapesMetric] as const satisfies readonly AnyDefinition[];
