// `metainfo` of a dataset's config: its class names, and a palette, the colours in which drawings show them.

import { z } from 'zod';
import { DetLabError, isTypo } from '../../errors';
import type { Dataset } from '../types';

const classNames = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
const channel = z.int().min(0).max(255);
const colour = z.tuple([channel, channel, channel]);

/** Whether a key, of which there may be any, is nearly one that is read. */
const isMisspelt = (key: string): boolean =>
  ['classes', 'palette'].some((name) => key !== name && isTypo(key, name)) || /^class(_?names?)?$/i.test(key);

const lack = (colours: number, classes: number) =>
  `expected a color for each of the ${classes} classes, received ${colours}`;

export const metainfoOption = z
  .looseObject({
    classes: classNames.optional(),
    palette: z
      .union([z.array(colour).min(1), z.literal('random')], {
        error: 'expected [[red, green, blue], ...] from 0 to 255, one per class, or "random" for the standard colors',
      })
      .nullish()
      .describe('Colors of the classes in drawings, [red, green, blue] each'),
  })
  .refine((given) => !Object.keys(given).some(isMisspelt), {
    message: 'expected { classes, palette }, in small letters',
  })
  .superRefine(({ classes, palette }, context) => {
    if (!Array.isArray(classes) || !Array.isArray(palette) || palette.length >= classes.length) return;
    context.addIssue({ code: 'custom', path: ['palette'], message: lack(palette.length, classes.length) });
  })
  .nullable()
  .default(null)
  .describe(
    'classes: class names to use, in label order; default: all of the files. palette: their colors in drawings',
  );
type Metainfo = z.output<typeof metainfoOption>;

/** Class names as a list. */
export function namesOf(metainfo: Metainfo): string[] | undefined {
  const classes = metainfo?.classes;
  return typeof classes === 'string' ? [classes] : classes;
}

/** The classes whose boxes a detector has seen, and others, where metainfo names both. */
export function classGroupsOf(metainfo: Metainfo): Dataset['classGroups'] {
  const [base, novel] = [metainfo?.base_classes, metainfo?.novel_classes].map((given) => {
    const { success, data } = z.array(z.string()).safeParse(given);
    return success ? data : undefined;
  });
  return base && novel && { base, novel };
}

/**
 * The colour of each class as #rrggbb; undefined for the standard ones.
 * @param path of the dataset in the config
 * @throws DetLabError when there are fewer colours than classes
 */
export function paletteOf(metainfo: Metainfo, classes: readonly string[], path: string): string[] | undefined {
  const palette = metainfo?.palette;
  if (!Array.isArray(palette)) return undefined;
  if (palette.length < classes.length)
    throw new DetLabError(`Cannot use ${path}.metainfo.palette: ${lack(palette.length, classes.length)}`);
  return palette
    .slice(0, classes.length)
    .map((rgb) => `#${rgb.map((value) => value.toString(16).padStart(2, '0')).join('')}`);
}
