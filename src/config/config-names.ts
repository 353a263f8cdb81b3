// Config names in the spellings of MMDetection 2.x and 3.x: faster_rcnn_r50_fpn and faster-rcnn_r50_fpn, mstrain and ms,
// fp16 and amp, 8x2 and 8xb2.

/** The built-in configs by name: filled by declaration merging when the project is built. */
// biome-ignore lint/suspicious/noEmptyInterface: see above
export interface ConfigNames {}

/** The name of a built-in config, or the path of a config file. */
export type ConfigName = keyof ConfigNames | (string & {});

/** A name normalised so that both spellings are equal. */
export const normalizedName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[_-]+/g, '_')
    .replace(/(^|_)mstrain(?=_|$)/g, '$1ms')
    .replace(/(^|_)fp16(?=_|$)/g, '$1amp')
    .replace(/(^|_)(\d+)x(\d+)(?=_|$)/g, '$1$2xb$3');
