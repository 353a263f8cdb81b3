// The labels of Cityscapes by id, with what its evaluation asks of them: which are void, and which have instances that are
// evaluated. In a map of instances, a pixel of instance n of label l is 1000 l + n, one that is in no single instance is l.

export interface CityscapesLabel {
  id: number;
  name: string;
  /** Left out of evaluation: its pixels are neither right nor wrong. */
  isVoid: boolean;
  /** One of the eight classes with instances that are evaluated. */
  isEvaluated: boolean;
}

const VOID_NAMES = [
  'unlabeled',
  'ego vehicle',
  'rectification border',
  'out of roi',
  'static',
  'dynamic',
  'ground',
  'parking',
  'rail track',
  'guard rail',
  'bridge',
  'tunnel',
  'polegroup',
  'caravan',
  'trailer',
];

/** Those with instances, in the order of CityscapesDataset's labels. */
export const CITYSCAPES_CLASSES = ['person', 'rider', 'car', 'truck', 'bus', 'train', 'motorcycle', 'bicycle'] as const;

/** Index: id. The license plate, -1, is in no file. */
export const CITYSCAPES_LABELS: readonly CityscapesLabel[] = [
  'unlabeled',
  'ego vehicle',
  'rectification border',
  'out of roi',
  'static',
  'dynamic',
  'ground',
  'road',
  'sidewalk',
  'parking',
  'rail track',
  'building',
  'wall',
  'fence',
  'guard rail',
  'bridge',
  'tunnel',
  'pole',
  'polegroup',
  'traffic light',
  'traffic sign',
  'vegetation',
  'terrain',
  'sky',
  'person',
  'rider',
  'car',
  'truck',
  'bus',
  'caravan',
  'trailer',
  'train',
  'motorcycle',
  'bicycle',
].map((name, id) => ({
  id,
  name,
  isVoid: VOID_NAMES.includes(name),
  isEvaluated: CITYSCAPES_CLASSES.some((one) => one === name),
}));
