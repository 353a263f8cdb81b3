// ClsDataPreprocessor of mmpretrain, and ReIDDataPreprocessor, which is the same for models of identities: DetDataPreprocessor under
// their option names.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { checkedPreprocessor, DetDataPreprocessor, preprocessorOptions } from './det-data-preprocessor';

const { mean, std, pad_size_divisor, pad_value } = preprocessorOptions.shape;

const options = z.strictObject({
  mean,
  std,
  pad_size_divisor,
  pad_value,
  to_rgb: z.boolean().default(false).describe('Convert the image from BGR to RGB'),
  to_onehot: ignoredOption('the losses here take labels', { schema: z.boolean().default(false), harmless: [false] }),
  num_classes: ignoredOption('concerns to_onehot', { schema: z.int().positive().nullable().default(null) }),
  batch_augments: z.null().default(null).describe('Only null: Mixup and CutMix are not there'),
});
type Options = z.output<typeof options>;

const asDetection = ({ to_rgb, mean, std, pad_size_divisor, pad_value }: Options) =>
  preprocessorOptions.parse({ mean, std, pad_size_divisor, pad_value, bgr_to_rgb: to_rgb });

const definition = <Type extends string>(type: Type, origin: string, summary: string) =>
  defineModule({
    kind: 'data_preprocessor',
    type,
    summary,
    origin,
    shapes: '8-bit images of any size -> [N, H, W, 3] float32',
    example: `{ type: '${type}', mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375], to_rgb: true }`,
    options,
    infer: (given: Options, context: BuildContext) => {
      checkedPreprocessor(asDetection(given), context);
      return given;
    },
    build: (given: Options) => new DetDataPreprocessor(asDetection(given)),
  });

export const clsDataPreprocessors = [
  definition('ReIDDataPreprocessor', 'MMDetection', 'Normalises and stacks images of one object each'),
  definition(
    'mmpretrain.ClsDataPreprocessor',
    'mmpretrain',
    'Normalises and stacks images that are looked at as a whole',
  ),
] as const;
