// Names of splits, as lists of ImageSets/Main and as folders.

/** Names of validation splits, the usual one first. */
export const VALIDATION_SPLITS = ['val', 'valid', 'validation'];
export const TRAINING_SPLITS = ['train', 'training'];

const SPLITS = [...TRAINING_SPLITS, ...VALIDATION_SPLITS, 'test', 'testing', 'trainval'];

/** Whether a folder of this name is a split. */
export const isSplit = (name: string): boolean => SPLITS.includes(name.toLowerCase());
