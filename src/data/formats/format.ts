// The contract of a reader of annotation files: how it recognises what is there, and what it makes of it.

import type { FilterOptions } from '../datasets/filter-records';
import type { ClassOptions } from '../datasets/select-classes';
import type { Dataset } from '../types';
import type { Reading } from './annotated-image';
import type { Place } from './place';
import type { ReadReport } from './read-report';

/** How a data set is opened: its folders and splits where they are unusual, its classes, and which images are kept. */
export interface FormatOptions extends ClassOptions, FilterOptions {
  /** Name shown in tables; default: that of the folder or file. */
  name?: string;
  /** Folder of the images, where it is an unusual one. */
  images?: string;
  /** Folder of the annotation files, where it is an unusual one. */
  labels?: string;
  /** Name of the training and of the validation split, where they are unusual. */
  train?: string;
  val?: string;
  /** The attribute of a region that names its class (VIA). */
  attribute?: string;
}

/** The options of the loaders of COCO and VOC among those. */
export const selectionOf = ({
  classes,
  absentClasses,
  otherClasses,
  filterEmpty,
  filterIgnored,
  minSize,
}: FormatOptions) => ({
  classes,
  absentClasses,
  otherClasses,
  filterEmpty,
  filterIgnored,
  minSize,
});

/** Those of validation data beside training data of these classes. */
export const ofValidation = (options: FormatOptions, classes: readonly string[]) =>
  ({
    classes,
    absentClasses: 'note',
    otherClasses: options.classes && options.absentClasses !== 'note' ? 'count' : 'report',
  }) as const;

/** Options that only some formats have. */
export const OWN_OPTIONS = ['images', 'labels', 'attribute'] as const;
export type OwnOption = (typeof OWN_OPTIONS)[number];

/** Training and validation images of one data set. */
export interface OpenedData {
  name: string;
  train: Dataset;
  val?: Dataset;
}

interface Recognised {
  /** As `format` names it. */
  name: string;
  title: string;
  takes: readonly OwnOption[];
  /** Anything may look like it: said of nothing that is another format. */
  general?: boolean;
  /** Its images are listed apart from their annotations, so that others are left out on purpose. */
  listsImages?: boolean;
  /** How the format is known from what is there, to follow `opened as YOLO: `; undefined when it is another. */
  recognise(place: Place): Promise<string | undefined>;
}

/** @throws DetLabError when nothing of the format is there */
type Read = { read(place: Place, options: FormatOptions, report: ReadReport): Promise<Reading>; open?: undefined };
/** Of formats with a loader of their own. */
type Open = { open(place: Place, options: FormatOptions, report: ReadReport): Promise<OpenedData>; read?: undefined };

export type Format = Recognised & (Read | Open);
