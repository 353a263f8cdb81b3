// The class activation maps that `model.cam` makes.

export const CAM_METHODS = ['gradcam', 'layercam', 'eigencam'] as const;
