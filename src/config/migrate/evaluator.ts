// Translates `evaluation` to the evaluators of 3.x. Its interval belongs to the training loop, its options of the best
// checkpoint to the checkpoint hook.

import { type ConfigObject, type ConfigValue, isObject } from '../data';
import { type Changes, defined } from './changes';

/** Options of the evaluator, by type of dataset. */
const COCO_KEYS = ['metric', 'classwise', 'proposal_nums', 'iou_thrs', 'metric_items', 'jsonfile_prefix'];
const XML_KEYS = ['metric', 'iou_thr', 'proposal_nums', 'scale_ranges'];
const OPEN_IMAGES_KEYS = ['metric', 'iou_thr', 'ioa_thr', 'use_group_of', 'scale_ranges'];
/** Options that belong elsewhere, or are dropped. */
const SCHEDULE_KEYS = ['interval', 'start', 'by_epoch', 'dynamic_intervals', 'save_best', 'rule'];
const IDLE_KEYS = [
  'type',
  'gpu_collect',
  'tmpdir',
  'pre_eval',
  'out_dir',
  'logger',
  '_delete_',
  'less_keys',
  'greater_keys',
];

/** The 3.x evaluator of a dataset, from the options of `evaluation`. */
export function evaluatorOf(dataset: ConfigObject, evaluation: ConfigObject, changes: Changes): ConfigObject {
  const kind = String(dataset.type);
  const keys = /^(VOC|XML|WIDERFace)/.test(kind) ? XML_KEYS : /^OpenImages/.test(kind) ? OPEN_IMAGES_KEYS : COCO_KEYS;
  changes.unknownKeys(evaluation, [...keys, ...SCHEDULE_KEYS, ...IDLE_KEYS], 'evaluation');
  changes.idle(
    evaluation,
    IDLE_KEYS.filter((key) => !['type', '_delete_'].includes(key)),
    'evaluation',
  );
  const scales = evaluation.scale_ranges;
  if (/^(VOC|XML|WIDERFace)/.test(kind))
    return defined({
      type: 'VOCMetric',
      metric: evaluation.metric ?? 'mAP',
      iou_thrs: evaluation.iou_thr,
      proposal_nums: evaluation.proposal_nums,
      scale_ranges: scales,
      // 2.x used 11 points for VOC 2007 and the area under the curve otherwise
      eval_mode: /VOC2007/.test(JSON.stringify(dataset)) ? '11points' : 'area',
    });
  if (/^OpenImages/.test(kind))
    return defined({
      type: 'OpenImagesMetric',
      iou_thrs: evaluation.iou_thr ?? 0.5,
      ioa_thrs: evaluation.ioa_thr ?? 0.5,
      use_group_of: evaluation.use_group_of ?? true,
      scale_ranges: scales,
    });
  const { ann_file: file, data_root: root } = dataset;
  return defined({
    type: /^LVIS/.test(kind) ? 'LVISMetric' : 'CocoMetric',
    ann_file: typeof file === 'string' ? joined(root, file) : undefined,
    metric: evaluation.metric ?? 'bbox',
    format_only: false,
    classwise: evaluation.classwise,
    proposal_nums: evaluation.proposal_nums,
    iou_thrs: evaluation.iou_thrs,
    metric_items: evaluation.metric_items,
    outfile_prefix: evaluation.jsonfile_prefix,
  });
}

function joined(root: ConfigValue | undefined, file: string): string {
  if (typeof root !== 'string' || root === '' || file.startsWith('/')) return file;
  return root.replace(/\/?$/, '/') + file;
}

/** The name of a metric for `save_best`, with the prefix of 3.x's evaluators. */
export function bestMetric(name: ConfigValue | undefined, evaluator: ConfigValue | undefined): ConfigValue | undefined {
  if (typeof name !== 'string' || name === 'auto' || name.includes('/') || !isObject(evaluator)) return name;
  const prefix = { VOCMetric: 'pascal_voc', LVISMetric: 'lvis', OpenImagesMetric: 'openimages' }[
    String(evaluator.type)
  ];
  return `${prefix ?? 'coco'}/${name}`;
}
