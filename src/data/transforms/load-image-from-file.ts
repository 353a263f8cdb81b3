// LoadImageFromFile: decodes the file of a record, with EXIF orientation applied as by cv2.imread. Channels stay in the
// decoder's order (rgb, in PixelImage.order); the data preprocessor swaps them by permuting its weights.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { decodeImage } from '../loading/decode';
import type { Transform } from './sample';

export const LoadImageFromFile = defineModule({
  kind: 'transform',
  type: 'LoadImageFromFile',
  summary: 'Reads and decodes an image file',
  origin: 'mmcv and MMDetection',
  shapes: 'record -> pixels [H, W, 3] uint8',
  example: "{ type: 'LoadImageFromFile' }",
  options: z.strictObject({
    to_float32: z.literal(false).default(false).describe('Only false: pixels are 8-bit until the data preprocessor'),
    color_type: z.literal('color').default('color').describe('Only "color": three channels, EXIF orientation applied'),
    imdecode_backend: ignoredOption('sharp decodes images', { schema: z.string().default('cv2') }),
    ignore_empty: z.literal(false).default(false).describe('Only false: an unreadable image is reported and replaced'),
    backend_args: z.null().default(null).describe('Only null: images are read from disk'),
    file_client_args: ignoredOption('images are read from disk', {
      harmless: [{ backend: 'disk' }, { backend: 'local' }],
      lost: true,
    }),
  }),
  build: (): Transform => async (sample) => {
    sample.image ??= await decodeImage(sample.record.path, sample.record.id);
    const shape: [number, number] = [sample.image.height, sample.image.width];
    sample.meta.oriShape = shape;
    sample.meta.imgShape = shape;
    return sample;
  },
});
