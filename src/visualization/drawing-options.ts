// How boxes are drawn on images: the options of `predict`, `predictions.show(...)`, `.draw(...)` and of all galleries.

import { z } from 'zod';
import { DetLabError, didYouMean, nameOfValue } from '../errors';

const hexColor = z.string().regex(/^#[0-9a-f]{6}$/i, 'expected a colour as #rrggbb');

/** Each option by name; what it may be. */
export const drawingShape = {
  /** Minimum score of the boxes that are drawn; what the score slider begins at. */
  threshold: z.number().min(0).max(1),
  /** Width of an image on the screen, or of a saved PNG, in pixels. */
  width: z.int().min(16).max(8000),
  /** What labels say: class and score, one of them, or nothing. */
  labels: z.union([z.boolean(), z.enum(['class', 'score'])]),
  /** Colours of the classes, in their order (used again when there are more classes) or by name. */
  palette: z.union([z.array(hexColor).min(1), z.record(z.string(), hexColor)]),
  /** Whether a colour is a class or a state (true positive, missed, ...). */
  color: z.enum(['class', 'state']),
  /** Height of the labels' letters, in pixels of the screen. */
  fontSize: z.number().min(4).max(100),
  /** Width of the boxes' lines, in pixels of the screen. */
  lineWidth: z.number().min(0.25).max(40),
  /** Truths on the left, predictions on the right, instead of both on one image. */
  sideBySide: z.boolean(),
  /** Images beside one another in a gallery; as many as there is room for by default. */
  columns: z.int().min(1).max(24),
  /** The value by which a gallery is sorted at first, the smallest first; with a minus the largest: `-loss`. */
  sortBy: z.string(),
  /** Images shown of a gallery; default 48. */
  limit: z.int().min(1).max(5000),
};
const schema = z.strictObject(drawingShape);

/** How boxes, masks and captions are drawn on images. */
export type DrawingOptions = z.input<ReturnType<typeof schema.partial>>;

/** The options by name, for completion and errors. */
export const DRAWING_OPTIONS = Object.keys(schema.shape) as readonly (keyof DrawingOptions)[];

/**
 * Checks drawing options.
 *
 * @param what "show the predictions": what cannot be done with bad options
 * @param classes names that a palette by name may have
 * @returns those that are given; what is undefined is as if it were left out
 * @throws DetLabError naming the option, what was expected and received, and the nearest name of an unknown one
 */
export function checkDrawing(given: DrawingOptions, what: string, classes: readonly string[]): DrawingOptions {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(schema.shape, name));
  if (unknown !== undefined)
    throw new DetLabError(
      `Cannot ${what}: unknown option "${unknown}"; expected ${DRAWING_OPTIONS.join(', ')}.${didYouMean(unknown, DRAWING_OPTIONS)}`,
    );
  const { success, error, data } = schema.partial().safeParse(given);
  if (!success) {
    const [{ path, message }] = error.issues;
    const name = String(path[0]) as keyof DrawingOptions;
    const value: unknown = given[name];
    const part = path.length > 1 ? ` at ${path.slice(1).join('.')}` : '';
    throw new DetLabError(
      `Cannot ${what}: ${name}${part}: ${message.replace(/^Invalid input: /, '')}, received ${nameOfValue(value)}`,
    );
  }
  const { palette } = given;
  const stranger =
    palette && !Array.isArray(palette) ? Object.keys(palette).find((name) => !classes.includes(name)) : undefined;
  if (stranger !== undefined)
    throw new DetLabError(
      `Cannot ${what}: palette: no class is called "${stranger}"; the classes are ${classes.join(', ')}.` +
        didYouMean(stranger, classes),
    );
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
}
