// The kernels of detection operations, wrapped by `src/ops`.

import type * as tf from '@tensorflow/tfjs';
import { kernel, native } from '../native';
import { filterSlot } from './convolution';
import { define, type KernelCall } from './define';

/** act(conv(x, filter * scale) + bias + residual); several maps are read as one. */
const convolution = ({ inputs, attrs, backend, slot }: KernelCall, x: number | number[]) =>
  backend.make(
    kernel.detConv2d(
      x,
      filterSlot(backend, inputs.filter),
      slot(inputs.bias),
      slot(inputs.scale),
      slot(inputs.residual),
      attrs.strides,
      attrs.padding,
      attrs.dilations,
      attrs.groups,
      attrs.activation,
    ),
    'float32',
  );

export const detectionKernels: tf.KernelConfig[] = [
  define('DetConv2D', (call) => convolution(call, call.slot(call.inputs.x))),
  define('DetJoinedConv2D', (call) => {
    const maps = Array.from({ length: call.attrs.maps }, (_, k) => call.slot(call.inputs[`map${k}`]));
    return convolution(call, maps);
  }),
  define('DetBatchNorm', ({ inputs: { x, scale, offset, residual }, attrs, backend, slot }) => {
    const [y, mean, variance] = native.detBatchNorm(
      slot(x),
      slot(scale),
      slot(offset),
      slot(residual),
      attrs.epsilon,
      attrs.activation,
    );
    const channels = x.shape[3];
    return [
      backend.wrap(y, [...x.shape], 'float32'),
      backend.wrap(mean, [channels], 'float32'),
      backend.wrap(variance, [channels], 'float32'),
    ];
  }),
  define('DetImages', ({ attrs: { images, shapes, tables, size, padValue }, backend }) =>
    backend.make(kernel.detImages(images, shapes, tables, size, padValue), 'float32'),
  ),
  define('DetMaxPool2D', ({ inputs: { x }, attrs, backend, slot }) =>
    backend.make(
      kernel.detMaxPool2d(slot(x), attrs.size, attrs.strides, attrs.padding, Boolean(attrs.ceilMode)),
      x.dtype,
    ),
  ),
  define('DetFocalLoss', ({ inputs: { logits, labels }, attrs, backend, slot }) =>
    backend.make(kernel.detFocalLoss(slot(logits), slot(labels), attrs.gamma, attrs.alpha), 'float32'),
  ),
  define('DetRoIAlign', ({ inputs: { x, rois }, attrs, backend, slot }) =>
    backend.make(
      kernel.detRoiAlign(
        slot(x),
        slot(rois),
        attrs.outputSize,
        attrs.spatialScale,
        attrs.samplingRatio,
        Boolean(attrs.aligned),
      ),
      'float32',
    ),
  ),
  define('DetDeformConv2D', ({ inputs: { x, offset, mask, filter }, attrs, backend, slot }) =>
    backend.make(
      kernel.detDeformConv2d(
        slot(x),
        slot(offset),
        slot(mask),
        slot(filter),
        attrs.strides,
        attrs.padding,
        attrs.dilations,
        attrs.groups,
        attrs.deformGroups,
      ),
      'float32',
    ),
  ),
  define('DetDeformAttention', ({ inputs: { value, locations, weights }, attrs, backend, slot }) =>
    backend.make(
      kernel.detDeformAttention(slot(value), slot(locations), slot(weights), attrs.shapes, attrs.heads, attrs.points),
      'float32',
    ),
  ),
  define('DetNMS', ({ inputs: { boxes, scores }, attrs, backend, slot }) =>
    backend.make(kernel.detNms(slot(boxes), slot(scores), attrs.iouThreshold, attrs.offset ?? 0), 'int32'),
  ),
];
