// LoadImageFromFile: decodes the file of a record, with EXIF orientation applied as by cv2.imread. Channels stay in the
// decoder's order (rgb, in PixelImage.order); the data preprocessor swaps them by permuting its weights.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { imageDecoder } from '../loading/image-decoder';
import { ownPixels } from '../pixels/pixel-pool';
import { fullSize, type Transform } from './sample';

const fromDisk = ignoredOption('images are read from disk', {
  harmless: [{ backend: 'disk' }, { backend: 'local' }],
  lost: true,
});

export const LoadImageFromFile = defineModule({
  kind: 'transform',
  type: 'LoadImageFromFile',
  summary: 'Reads and decodes an image file of at most 2^27 pixels; DETLAB_MAX_PIXELS in the environment raises that',
  origin: 'mmcv and MMDetection',
  shapes: 'record -> pixels [H, W, 3], 8-bit or float',
  example: "{ type: 'LoadImageFromFile' }",
  options: z.strictObject({
    to_float32: z.boolean().default(false).describe('Pixels become floats, so that later steps do not round'),
    color_type: z.literal('color').default('color').describe('Only "color": three channels, EXIF orientation applied'),
    imdecode_backend: z
      .enum(['cv2', 'pillow'])
      .default('cv2')
      .describe('Whose conversion to 8-bit RGB is reproduced: they differ in transparent gray images'),
    shrink_on_load: z
      .boolean()
      .default(false)
      .describe(
        'Decode a JPEG at 1/2, 1/4 or 1/8 where the step that resizes it next needs no more: faster, with other pixel ' +
          'values than after a whole decoding. Not an option of MMDetection',
      ),
    ignore_empty: z.literal(false).default(false).describe('Only false: an unreadable image is reported and replaced'),
    backend_args: fromDisk,
    file_client_args: fromDisk,
  }),
  build:
    ({ to_float32, imdecode_backend, shrink_on_load }): Transform =>
    async (sample) => {
      const { path, id, batchShape } = sample.record;
      const { needed } = sample;
      const reduced =
        shrink_on_load && needed
          ? { key: `${needed.key} ${batchShape}`, of: (w: number, h: number) => needed.of(w, h, batchShape) }
          : undefined;
      const image = sample.image ?? (await imageDecoder()(path, id, imdecode_backend, reduced));
      if (image !== sample.image) ownPixels(image.data);
      sample.image = to_float32 ? { ...image, data: Float32Array.from(image.data) } : image;
      const { width, height } = fullSize(image);
      const shape: [number, number] = [height, width];
      sample.meta.oriShape = shape;
      sample.meta.imgShape = shape;
      return sample;
    },
});
