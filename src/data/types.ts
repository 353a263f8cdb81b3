// Data on its way from disk to the model and back. Boxes are xyxy in pixels, flat Float32Arrays [n * 4].

import type { Keypoints } from '../geometry/keypoints';
import type { Skeleton } from '../geometry/skeleton';
import type { InstanceMasks, PanopticSegment, PanopticTruths, Rle, Segmentation, SemanticMap } from '../masks';
import type { LabelMap } from '../text/label-map';
import type { TextPrompt } from '../text/prompts';

export type Pixels = Uint8Array | Float32Array;

/** Pixels [height, width, 3], channels in `order`; 8-bit values by default. */
export interface PixelImage<P extends Pixels = Uint8Array> {
  data: P;
  width: number;
  height: number;
  order: 'rgb' | 'bgr';
  /** Size of the image in its file, where it was decoded smaller (`shrink_on_load`) and not resized since. */
  full?: { width: number; height: number };
}

/** An image of 8-bit or float values (PhotoMetricDistortion gives floats). */
export type AnyImage = PixelImage<Pixels>;

/** Ground truth of one image, by column: see `instances.ts`, which selects and concatenates whatever columns there are. */
export interface Truths {
  bboxes: Float32Array;
  /** Rotated boxes (center, sides, angle) [n, 5], or the four corners of boxes [n, 8]; `bboxes` are then those around them. */
  rboxes?: Float32Array;
  qboxes?: Float32Array;
  labels: Int32Array;
  /** 1 for crowd and difficult boxes: ignore regions, no positives in training, not counted in evaluation. */
  ignored: Uint8Array;
  /** One mask per box, if loaded (LoadAnnotations with `with_mask`). */
  masks?: InstanceMasks;
  /** If loaded (LoadAnnotations with `with_keypoints`). */
  keypoints?: Keypoints;
  /** Identity of each object, over the images of a video or the steps of a pipeline. */
  instanceIds?: Int32Array;
  /** Factor on the losses of the priors and RoIs assigned to each box: the score of a pseudo-label. 1 without them. */
  weights?: Float32Array;
}

/** Precomputed proposals, for detectors without a region proposal network. */
export interface ProposalBoxes {
  bboxes: Float32Array;
  scores: Float32Array;
}

/** What an annotation file says that a detector on text is to find in an image. */
export interface ImagePrompt extends TextPrompt {
  /** Names of the labels of the whole dataset, of which a pipeline selects some (RandomSamplingNegPos). */
  labelMap?: LabelMap;
  /** Of each object, the phrase of the caption that it belongs to (Flickr30k). */
  phraseIds?: readonly number[];
  /** Of each name, its number in the annotation file (Described Object Detection). */
  sentenceIds?: readonly number[];
}

/** One image of a dataset, before its pixels are read. */
export interface ImageRecord {
  id: number;
  /** Absolute path. */
  path: string;
  width: number;
  height: number;
  truths: Truths;
  /** COCO areas of the boxes (the segment's where known), used by the evaluation's size ranges. */
  areas: Float32Array;
  /** 1 for COCO's crowds, which are among the ignored. Absent: none. */
  crowds?: Uint8Array;
  /** 1 for a box around several objects of its class (OpenImages' IsGroupOf). Absent: none. */
  groups?: Uint8Array;
  /** What the annotation file says of the image beyond its name and size: LVIS's neg_category_ids, weather, camera, ... */
  fields?: Readonly<Record<string, unknown>>;
  /** Of a dataset whose images have texts. */
  prompt?: ImagePrompt;
  /** The outline of each object that has a usable one. Absent: the annotation file gives none for this image. */
  segmentations?: (Segmentation | undefined)[];
  /** Whether these are boxes by their corners, not the shapes of objects. */
  byCorners?: boolean;
  /** Of each object, as annotated: COCO's visibility 0 (not labelled), 1 (hidden), 2. */
  keypoints?: Keypoints;
  proposals?: ProposalBoxes;
  /** PNG file of the class of every pixel. */
  semanticFile?: string;
  /** Its segments, where every pixel is annotated; the objects have the ids of theirs. */
  panoptic?: PanopticTruths;
  /** Of each object, where a model has labelled the image: its score, 1 of a person's. */
  scores?: Float32Array;
  /** [height, width] of the evaluation batch (`batch_shapes_cfg`). */
  batchShape?: [number, number];
  /** Of a frame of a video: which one; the frames of a video follow one another among the records. */
  frame?: { video: string; number: number };
  /** Annotation ids, for messages. */
  annotationIds: (number | string)[];
}

/** A bad image or annotation, by file and id: skipped, or used as the message says. */
export interface DataProblem {
  kind:
    | 'missing-image'
    | 'unreadable-image'
    /** The annotation's size of an image is not that of its file, which holds. */
    | 'image-size'
    /** An image below `min_size`. */
    | 'small-image'
    /** An image without ground truth, not used for training (`filter_empty_gt`). */
    | 'empty-image'
    /** An object without a box. */
    | 'empty-annotation'
    | 'box-outside'
    | 'zero-area'
    /** A segmentation from which no mask can be read. */
    | 'bad-outline'
    /** A box with an angle that cannot be applied. */
    | 'rotated-box'
    | 'unknown-category'
    /** Two entries with one id, one name or one content. */
    | 'duplicate'
    | 'bad-annotation'
    /** A dataset in which there is nothing to train on. */
    | 'no-objects';
  file: string;
  id?: number | string;
  message: string;
  /** What is not used for it; default: what the kind is about. */
  lost?: 'image' | 'nothing';
}

/** A category of a COCO file. */
export interface Category {
  id: number;
  label: number;
  /** Of one with keypoints: its name, their names, and pairs of them that a line connects; as the file says, unchecked. */
  pose?: { category: string; keypoints: unknown; skeleton?: unknown };
  supercategory?: string;
  /** LVIS's: r, c or f, rare, common or frequent in the training images. */
  frequency?: string;
  /** Of panoptic segmentation: whether it has objects; stuff has regions. */
  isThing?: boolean;
}

/** Where an image is in a video, and all that is annotated in it, whatever classes are used. */
export interface VideoFrame {
  video: string;
  /** The number that the annotation file gives the video, or its position where that is none. */
  videoId?: number;
  /** From 0. */
  frame: number;
  /** Frames of the video. */
  length: number;
  objects: readonly VideoObject[];
}

export interface VideoObject {
  /** Of the object, over the frames. */
  id: number;
  /** xyxy. */
  box: readonly [number, number, number, number];
  /** MOTChallenge's number of the class, 1: pedestrian. */
  category: number;
  /** 0: not to be evaluated. */
  confidence: number;
  /** The part that is not hidden, 0 to 1. */
  visibility: number;
}

/** Images with their ground truth, as a reader of annotation files returns them. */
export interface Dataset {
  name: string;
  classes: string[];
  /** Colours of the classes in drawings, #rrggbb; the standard ones when not given. */
  palette?: string[];
  /** The categories of a COCO file that have a number as id, by which results name them; label -1: none of the classes. */
  categories?: readonly Category[];
  /** Of each label, those of the classes above it (OpenImages' hierarchy); absent: those that `supercategory` names. */
  ancestors?: readonly (readonly number[])[];
  records: ImageRecord[];
  /** Of a dataset with keypoints: what they are. */
  skeleton?: Skeleton;
  problems: DataProblem[];
  /** What was guessed or is worth knowing of the whole dataset, one sentence each. */
  notices?: string[];
  /** Number of objects of categories that are not among the classes; they are not used. */
  otherClasses?: number;
  /** `base_classes` and `novel_classes` of the metainfo: those whose boxes a detector has seen, and others. */
  classGroups?: { base: readonly string[]; novel: readonly string[] };
  /** Labels are those of the text of each image, which is the names of the classes where it has none. */
  readsText?: boolean;
  /** Of frames of videos, by image id; the records are in their order. */
  videos?: ReadonlyMap<number, VideoFrame>;
  /** Of data sets on text that were joined: each with its own classes. */
  parts?: readonly Dataset[];
}

/** MMDetection's metainfo of one sample. Shapes are [height, width]; scale factors are [w, h]. */
export interface ImageMeta {
  imgId: number;
  imgPath: string;
  oriShape: [number, number];
  imgShape: [number, number];
  scaleFactor: [number, number];
  /** Padding in pixels around the image, of a letter box or of RandomCenterCropPad: top, bottom, left, right. */
  padParam?: [number, number, number, number];
  flip: boolean;
  flipDirection?: 'horizontal' | 'vertical' | 'diagonal';
  /**
   * Where the pixels have gone: the map from those of the original image, 3 x 3, row by row. Absent: nowhere; null: by a step that does
   * not say so, as Mosaic. Of packed samples those have it whose `meta_keys` name it.
   */
  homography?: Float32Array | null;
}

/** The output of PackDetInputs: the model's input pixels and the ground truth in their frame. */
export interface PackedSample {
  image: AnyImage;
  meta: ImageMeta;
  truths: Truths;
  /** What a detector on text is to find; the names of its classes where there is none. */
  prompt?: TextPrompt;
  /** In the frame of the pixels. */
  proposals?: ProposalBoxes;
  /** The class of every pixel (LoadAnnotations with `with_seg`). */
  semantic?: SemanticMap;
  /** Of a key frame: the frames of its video that it is learned together with. */
  clip?: ClipFrames<PackedSample>;
  /** Of a pipeline for semi-supervised detectors: the views of the image by branch, of which this is the first. */
  branches?: Partial<Record<'sup' | 'unsup_teacher' | 'unsup_student', PackedSample>>;
}

/** The frames beside a key frame, in the order of the video. */
export interface ClipFrames<T> {
  others: T[];
  /** How many of them come before the key frame. */
  before: number;
}

/** Detections of one image by column, in descending order of scores; boxes xyxy. */
export interface Detections {
  bboxes: Float32Array;
  /** Of a detector of rotated boxes: center, sides and angle [n, 5]; `bboxes` are those around them. */
  rboxes?: Float32Array;
  scores: Float32Array;
  labels: Int32Array;
  /** One per box, of a detector that predicts masks; in the frame of the boxes. */
  masks?: Rle[];
  /** x, y and score of the K keypoints of each, of a detector that predicts them [n, K, 3]; in the frame of the boxes. */
  keypoints?: Float32Array;
  /** Of a detector that divides the image into segments; in the frame of the boxes. */
  panoptic?: PanopticSegment[];
  /** Of a detector that says the class of every pixel; in the frame of the boxes. */
  semantic?: SemanticMap;
  /** Identity of each object over the images of a video, of a tracker. */
  instanceIds?: Int32Array;
  /** What each object looks like [n, C], of a model that tells objects apart by it; a tracker takes it out. */
  embeddings?: Float32Array;
  /** The image itself, of a model whose tracker follows the camera, which takes it out. */
  image?: GrayFrame;
}

/** The brightness of an image, as a network sees it. */
export interface GrayFrame {
  /** [height, width]. */
  data: Float32Array;
  width: number;
  height: number;
  /** Pixels of this image for one of the original, [x, y]. */
  scale: readonly [number, number];
}
