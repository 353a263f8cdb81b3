// What a reader of annotation files makes of them: images and objects as they are written, before an image file is looked for.
// `annotated-dataset.ts` makes a Dataset of them, for all formats alike.

import type { Segmentation } from '../../masks';

export type Corners = [x1: number, y1: number, x2: number, y2: number];

export interface AnnotatedObject {
  /** Name of the class. */
  name: string;
  /** In the image's `unit`, the first pixel from 0 to 1; default: the box of the outline. */
  box?: Corners;
  /** Degrees by which the box is turned about its centre. */
  angle?: number;
  /** Polygons in the image's `unit`, or run lengths of the whole image. */
  outline?: Segmentation;
  crowd?: boolean;
  /** A box around several objects, as Open Images has them. */
  group?: boolean;
  ignored?: boolean;
  /** An ignored region of every class (KITTI's DontCare); `name` is not used. */
  everyClass?: boolean;
  /** Pixels; default: of the outline, else of the box. */
  area?: number;
  /** Where it is written, the beginning of a sentence: `Line 3 of "labels/a.txt"`. */
  place: string;
}

export interface AnnotatedImage {
  /** Names under which the annotations know it, the best first: looked for in the folders of images. */
  names: string[];
  /** Absolute path, where the reader found it already. */
  path?: string;
  /** Its number in the files; default: numbered in order. */
  id?: number;
  /** The annotation file, for messages. */
  file: string;
  /** As annotated. */
  size?: { width: number; height: number };
  /** Of boxes and polygons: pixels, or fractions of width and height. Default pixels. */
  unit?: 'pixels' | 'fractions';
  objects: AnnotatedObject[];
  /** Boxes are of whole objects, beyond the image too: nothing to report. */
  beyond?: boolean;
  /** Outlines are boxes by their corners. */
  byCorners?: boolean;
  /** What the files say of the image beyond its objects, see `ImageRecord`. */
  fields?: Readonly<Record<string, unknown>>;
}

/** The images of a split. */
export interface AnnotatedPart {
  name: string;
  images: AnnotatedImage[];
  /** Folders in which the images are looked for, the best first. */
  folders: string[];
}

/** A whole data set in one format. */
export interface Reading {
  /** Splits by name, `train` first where there is one. */
  parts: AnnotatedPart[];
  /** The classes that the files declare, in label order; default: the names of the objects, sorted. */
  classes?: string[];
}
