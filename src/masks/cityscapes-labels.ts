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

/** Nothing of the 19 classes: a mark beside the name. */
const VOID = true;

/** Those with instances, in the order of CityscapesDataset's labels. */
export const CITYSCAPES_CLASSES = ['person', 'rider', 'car', 'truck', 'bus', 'train', 'motorcycle', 'bicycle'] as const;

/** Index: id. The license plate, -1, is in no file. */
export const CITYSCAPES_LABELS: readonly CityscapesLabel[] = (
  [
    ['unlabeled', VOID],
    ['ego vehicle', VOID],
    ['rectification border', VOID],
    ['out of roi', VOID],
    ['static', VOID],
    ['dynamic', VOID],
    ['ground', VOID],
    ['road'],
    ['sidewalk'],
    ['parking', VOID],
    ['rail track', VOID],
    ['building'],
    ['wall'],
    ['fence'],
    ['guard rail', VOID],
    ['bridge', VOID],
    ['tunnel', VOID],
    ['pole'],
    ['polegroup', VOID],
    ['traffic light'],
    ['traffic sign'],
    ['vegetation'],
    ['terrain'],
    ['sky'],
    ['person'],
    ['rider'],
    ['car'],
    ['truck'],
    ['bus'],
    ['caravan', VOID],
    ['trailer', VOID],
    ['train'],
    ['motorcycle'],
    ['bicycle'],
  ] satisfies [name: string, isVoid?: boolean][]
).map(([name, isVoid = false], id) => ({
  id,
  name,
  isVoid,
  isEvaluated: CITYSCAPES_CLASSES.some((one) => one === name),
}));
