// Names of configs as MMDetection 2.x and 3.x write them: faster_rcnn_r50_fpn and faster-rcnn_r50_fpn, mstrain and ms, fp16
// and amp, 8x2 and 8xb2.

/** A name with both spellings made one. */
export const sameConfig = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[_-]+/g, '_')
    .replace(/(^|_)mstrain(?=_|$)/g, '$1ms')
    .replace(/(^|_)fp16(?=_|$)/g, '$1amp')
    .replace(/(^|_)(\d+)x(\d+)(?=_|$)/g, '$1$2xb$3');
