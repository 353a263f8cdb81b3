// The steps that load ground truth: pipelines of predictions leave them out.

/** @param type with or without a scope: `mmdet.LoadAnnotations` */
export const loadsAnnotations = (type: string): boolean => /(^|\.)Load(Panoptic|Track)?Annotations$/.test(type);
