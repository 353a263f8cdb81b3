// Small data sets with texts, for the metrics of detectors on text.

import type { Dataset, ImagePrompt } from '../../src/data/types';

export const record = (
  id: number,
  boxes: number[][],
  more: { prompt?: ImagePrompt; fields?: object; labels?: number[] } = {},
) => ({
  ...{
    id,
    path: `${id}.jpg`,
    width: 99,
    height: 99,
    areas: new Float32Array(boxes.length),
    annotationIds: boxes.map((_, i) => i),
  },
  truths: {
    bboxes: Float32Array.from(boxes.flat()),
    labels: Int32Array.from(more.labels ?? boxes.map(() => 0)),
    ignored: new Uint8Array(boxes.length),
  },
  ...(more.prompt && { prompt: more.prompt }),
  ...(more.fields && { fields: { ...more.fields } }),
});
export const dataset = (...records: Dataset['records']): Dataset => ({
  name: 'd',
  classes: ['a'],
  records,
  problems: [],
});
