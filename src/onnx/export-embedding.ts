// A model of embeddings as a graph: one vector of each image.

import type { BaseReID } from '../models/reid/base-reid';
import { isFixed } from './alignment';
import type { ExportInputs, NetworkExport } from './export-network';
import { lowerTapes } from './lower-tapes';
import { recordTape } from './tape';

/** @throws DetLabError for what has no form in ONNX */
export function exportEmbedding(model: BaseReID, { examples, names, image, context }: ExportInputs): NetworkExport {
  const tapes = examples.map((example) => recordTape([example], () => [model.embed(example)], names));
  const [vectors] = lowerTapes(tapes, [{ name: image, layout: 'channels-first' }], context, 'the network');
  const [, channels] = vectors.tensor.shape;
  const output = {
    name: 'embeddings',
    value: vectors.get({ layout: 'same', type: 'float32' }),
    type: 'float32',
    shape: [isFixed(channels) ? channels[0] : 'channels'],
    doc: 'the embedding of each image',
  } as const;
  return { outputs: [output], clips: false };
}
