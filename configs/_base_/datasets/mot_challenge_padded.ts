import type { TransformConfig } from '../../../src/catalogue/config-types';

const img_scale: [number, number] = [1440, 800];
const test_pipeline: TransformConfig[] = [
  {
    type: 'TransformBroadcaster',
    transforms: [
      { type: 'LoadImageFromFile', backend_args: null },
      { type: 'Resize', scale: img_scale, keep_ratio: true },
      { type: 'Pad', size_divisor: 32, pad_val: { img: [114, 114, 114] } },
      { type: 'LoadTrackAnnotations' },
    ],
  },
  { type: 'PackTrackInputs' },
];

// Frames for trackers on YOLOX: padded to multiples of 32 with its grey.
const padded: { img_scale: [number, number]; test_pipeline: TransformConfig[] } = { img_scale, test_pipeline };

export default padded;
