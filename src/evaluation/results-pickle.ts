// Writes detections as MMDetection's `--out results.pkl` (DumpDetResults): a pickle of a list with a dict for each image, whose
// pred_instances are torch tensors and masks COCO's compressed run lengths, as Python's pickle module writes them (protocol 3). Of
// the input of the network it has no facts (img_shape, scale_factor), which MMDetection's tools do not read.

import { PickleWriter, writeLayout } from '../checkpoints/pickle-writer';
import type { Detections } from '../data/types';
import { countsToString } from '../masks/rle-string';

export interface ImageResult {
  /** As in the annotation file. */
  id: number;
  path: string;
  height: number;
  width: number;
  /** In pixels of the original image. */
  detections: Detections;
}

/** 0x1950a86a20f9469cfc6c, with which a file of torch.save begins that is no zip archive: a tensor in a plain pickle is in one. */
const MAGIC = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');

type Values = Float32Array | BigInt64Array;

/** The bytes of results.pkl. */
export function resultsPickle(images: readonly ImageResult[]): Buffer {
  const pickle = new PickleWriter();
  pickle.bytes(0x80, 3);
  pickle.op('](');
  for (const { id, path, height, width, detections } of images) {
    const { bboxes, scores, labels, masks } = detections;
    pickle.op('}(');
    pickle.text('img_id');
    pickle.integer(id);
    pickle.text('img_path');
    pickle.text(path);
    pickle.text('ori_shape');
    pickle.tuple([height, width]);
    pickle.text('pred_instances');
    pickle.op('}(');
    pickle.text('bboxes');
    tensor(pickle, Float32Array.from(bboxes), [labels.length, 4]);
    pickle.text('scores');
    tensor(pickle, Float32Array.from(scores), [labels.length]);
    pickle.text('labels');
    tensor(pickle, BigInt64Array.from(labels, BigInt), [labels.length]);
    if (masks) {
      pickle.text('masks');
      pickle.op('](');
      for (const mask of masks) {
        pickle.op('}(');
        pickle.text('size');
        pickle.value([mask.height, mask.width]);
        pickle.text('counts');
        pickle.binary(Buffer.from(countsToString(mask.counts), 'latin1'));
        pickle.op('u');
      }
      pickle.op('e');
    }
    pickle.op('uu');
  }
  pickle.op('e.');
  return pickle.contents();
}

/** `_rebuild_tensor_v2(_load_from_bytes(storage), offset, size, stride, requires_grad, backward_hooks)`. */
function tensor(pickle: PickleWriter, values: Values, shape: readonly number[]): void {
  pickle.global('torch._utils', '_rebuild_tensor_v2');
  pickle.op('(');
  pickle.global('torch.storage', '_load_from_bytes');
  pickle.op('(');
  pickle.binary(storageFile(values));
  pickle.op('tR');
  writeLayout(pickle, shape);
}

/** Four pickles (magic number, version, system, storage), one of the storages' keys, then their sizes and contents. */
function storageFile(values: Values): Buffer {
  const { buffer, byteOffset, byteLength, length } = values;
  const count = Buffer.alloc(8);
  count.writeBigInt64LE(BigInt(length));
  const system = { protocol_version: 1001, little_endian: true, type_sizes: { short: 2, int: 4, long: 4 } };
  return Buffer.concat([
    MAGIC,
    pickled((p) => p.integer(1001)),
    pickled((p) => p.value(system)),
    pickled((p) => {
      p.op('(');
      p.text('storage');
      p.global('torch', values instanceof Float32Array ? 'FloatStorage' : 'LongStorage');
      p.text('0');
      p.text('cpu');
      p.integer(length);
      p.op('NtQ');
    }),
    pickled((p) => p.value(['0'])),
    count,
    Buffer.from(buffer, byteOffset, byteLength),
  ]);
}

function pickled(write: (pickle: PickleWriter) => void): Buffer {
  const pickle = new PickleWriter();
  pickle.bytes(0x80, 2);
  write(pickle);
  pickle.op('.');
  return pickle.contents();
}
