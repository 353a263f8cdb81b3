// A detector of CenterNet as a graph: the highest peaks of its heat map, with the size and the position in its cell of each. N images,
// maps of H x W cells, C classes, K peaks.

import type * as tf from '@tensorflow/tfjs';
import type { CenterNetHead } from '../models/dense-heads/centernet-head';
import { isFixed } from './alignment';
import { checkOverrides } from './check-overrides';
import type { ExportInputs, NetworkExport } from './export-network';
import { lowerTapes } from './lower-tapes';
import { castCode, type Lowered } from './lowered';
import type { LoweringContext } from './lowering';
import { recordTape } from './tape';

export interface PeakNetwork {
  extractFeatures(inputs: tf.Tensor4D): tf.Tensor4D[];
  head: CenterNetHead;
}

/** @throws DetLabError for what has no form in ONNX */
export function exportPeaks(
  { head, extractFeatures }: PeakNetwork,
  { examples, names, image, context, nms }: ExportInputs,
): NetworkExport {
  checkOverrides(head, [['predict', 'peaks']]);
  const tapes = examples.map((example) => {
    const forward = () => {
      const { heat, sizes, offsets } = head.peakMaps(extractFeatures(example));
      return [heat, sizes, offsets];
    };
    return recordTape([example], forward, names);
  });
  const maps = lowerTapes(tapes, [{ name: image, layout: 'channels-first' }], context, 'the network');
  const detections = peaks(maps, image, head, context);
  if (nms) return { detections, clips: false };
  const of = (name: string, value: Lowered, columns: number, doc: string) => ({
    name,
    value: value.get({ layout: 'channels-first', type: 'float32' }),
    type: 'float32' as const,
    shape: [columns, 'rows', 'columns'],
    doc,
  });
  return {
    clips: false,
    outputs: [
      of('scores', maps[0], head.numClasses, 'probabilities of the classes of all cells, 0 where there is no peak'),
      of('sizes', maps[1], 2, 'width and height, in cells'),
      of('offsets', maps[2], 2, 'x and y in the cell'),
    ],
  };
}

function peaks(
  [heat, sizes, offsets]: readonly Lowered[],
  image: string,
  { peaks: most, numClasses: classes }: CenterNetHead,
  { graph, dimensions }: LoweringContext,
): NonNullable<NetworkExport['detections']> {
  const value = heat.get({ layout: 'same', type: 'float32' });
  const rows = (x: string, last: number[] = []) =>
    graph.node('Reshape', [x, graph.ints([0, -1, ...last])], { allowzero: 0 });
  const [, height, width] = heat.tensor.shape;
  const pairs = height.map((h, t) => h * width[t] * classes);
  const count = isFixed(pairs) ? Math.min(most, pairs[0]) : undefined;
  const k = count === undefined ? graph.node('Min', [dimensions.size(pairs), graph.ints([most])]) : graph.ints([count]);
  const [best, index] = graph.nodeOf('TopK', [rows(value), k], { axis: 1, largest: 1, sorted: 1 }, 2);
  const scalar = (n: number) => graph.constant([n], [], 'int64');
  const cell = graph.node('Div', [index, scalar(classes)]); // [N, K]
  const at = graph.node('Unsqueeze', [cell, graph.ints([2])]);
  const ofPeaks = (map: Lowered) =>
    graph.node('GatherND', [rows(map.get({ layout: 'same', type: 'float32' }), [2]), at], { batch_dims: 1 });
  const sidesOf = (x: string, from: number) => {
    const list = graph.node('Gather', [graph.node('Shape', [x], { start: from, end: from + 2 }), graph.ints([1, 0])], {
      axis: 0,
    });
    return graph.node('Cast', [list], { to: castCode('float32') }); // width, height
  };
  const columns = graph.node('Shape', [value], { start: 2, end: 3 });
  const place = [graph.node('Mod', [cell, columns], { fmod: 0 }), graph.node('Div', [cell, columns])].map((axis) =>
    graph.node('Unsqueeze', [graph.node('Cast', [axis], { to: castCode('float32') }), graph.ints([2])]),
  );
  const center = graph.node('Add', [graph.node('Concat', place, { axis: 2 }), ofPeaks(offsets)]);
  const half = graph.node('Mul', [ofPeaks(sizes), graph.float(0.5)]);
  const step = graph.node('Div', [sidesOf(image, 2), sidesOf(value, 1)]);
  const corner = (operation: 'Sub' | 'Add') => graph.node('Mul', [graph.node(operation, [center, half]), step]);
  const boxes = graph.node('Concat', [corner('Sub'), corner('Add')], { axis: 2 });
  const found = graph.node('Greater', [best, graph.float(0)]);
  const each = graph.node('Unsqueeze', [found, graph.ints([2])]);
  return {
    boxes: graph.node('Where', [each, boxes, graph.float(0)]),
    scores: graph.node('Where', [found, best, graph.float(0)]),
    labels: graph.node('Where', [found, graph.node('Mod', [index, scalar(classes)], { fmod: 0 }), scalar(-1)]),
    count,
  };
}
