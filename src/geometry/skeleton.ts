// What the keypoints of a data set are, in MMPose's form of metainfo: names, which are each other's mirror image, which lines connect
// them, colours, and how exactly people place each (COCO's sigmas). The person of COCO is built in.

import { z } from 'zod';
import { DetLabError, didYouMean } from '../errors';

export interface Skeleton {
  readonly names: readonly string[];
  /** Of each keypoint, the one that it is in a mirrored image. */
  readonly flipIndices: readonly number[];
  /** Pairs of keypoints that a line connects. */
  readonly links: readonly (readonly [number, number])[];
  /** #rrggbb, of each keypoint and of each line. */
  readonly colors: readonly string[];
  readonly linkColors: readonly string[];
  /** Of each keypoint; absent where the metainfo has none. */
  readonly sigmas?: readonly number[];
}

const colour = z.tuple([z.number(), z.number(), z.number()]);
const MISSING = [255, 255, 255] as const;
export const poseMetainfo = z.looseObject({
  keypoint_info: z.record(
    z.string(),
    z.looseObject({
      name: z.string(),
      id: z.int().nonnegative(),
      color: colour.optional(),
      swap: z.string().nullish(),
    }),
  ),
  skeleton_info: z
    .record(z.string(), z.looseObject({ link: z.tuple([z.string(), z.string()]), color: colour.optional() }))
    .default({}),
  sigmas: z.array(z.number().positive()).optional(),
});
export type PoseMetainfo = z.input<typeof poseMetainfo>;

/** The config files of MMYOLO and MMPose that have COCO's person. */
const COCO_FILE = /(^|[\\/])_base_[\\/](pose|datasets)[\\/]coco\.py$/;

/** `metainfo` of a loss: which keypoints it compares. */
export const poseMetainfoOption = z
  .union([
    z
      .string()
      .regex(
        COCO_FILE,
        "expected 'configs/_base_/pose/coco.py', the person of COCO, or the object that such a file has",
      ),
    poseMetainfo,
  ])
  .nullable();
export type PoseMetainfoOption = z.output<typeof poseMetainfoOption>;

const hex = (color: readonly number[]): string =>
  `#${color
    .map((v) =>
      Math.round(Math.min(255, Math.max(0, v)))
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;

/**
 * The skeleton that metainfo says.
 * @param where the option, for messages
 * @throws DetLabError for numbers and names that do not fit together
 */
export function skeletonOf(given: string | PoseMetainfo, where: string): Skeleton {
  if (typeof given === 'string') return COCO_PERSON;
  const { keypoint_info, skeleton_info, sigmas } = poseMetainfo.parse(given);
  const points = Object.values(keypoint_info).sort((a, b) => a.id - b.id);
  const refuse = (why: string): never => {
    throw new DetLabError(`Cannot use ${where}: ${why}`);
  };
  const wrong = points.findIndex(({ id }, i) => id !== i);
  if (points.length === 0 || wrong >= 0)
    refuse(
      `expected keypoints with the ids 0 to ${Math.max(0, points.length - 1)}, received none with ${Math.max(0, wrong)}`,
    );
  const names = points.map(({ name }) => name);
  const indexOf = (name: string): number => {
    const at = names.indexOf(name);
    return at >= 0 ? at : refuse(`there is no keypoint "${name}".${didYouMean(name, names)}`);
  };
  if (sigmas && sigmas.length !== names.length)
    refuse(`expected a sigma for each of the ${names.length} keypoints, received ${sigmas.length}`);
  const flipIndices = points.map(({ swap }, i) => (swap ? indexOf(swap) : i));
  const lonely = flipIndices.findIndex((to, i) => flipIndices[to] !== i);
  if (lonely >= 0) refuse(`"${names[lonely]}" swaps with "${names[flipIndices[lonely]]}", which does not swap with it`);
  const links = Object.values(skeleton_info);
  return {
    names,
    flipIndices,
    links: links.map(({ link }) => [indexOf(link[0]), indexOf(link[1])] as const),
    colors: points.map(({ color = MISSING }) => hex(color)),
    linkColors: links.map(({ color = MISSING }) => hex(color)),
    ...(sigmas && { sigmas }),
  };
}

/** MMPose's form of a skeleton, from which `skeletonOf` makes it again. */
export function metainfoOf({ names, flipIndices, links, colors, linkColors, sigmas }: Skeleton): PoseMetainfo {
  return {
    keypoint_info: Object.fromEntries(
      names.map((name, id) => {
        const swap = flipIndices[id] === id ? '' : names[flipIndices[id]];
        return [id, { name, id, color: rgb(colors[id]), swap }];
      }),
    ),
    skeleton_info: Object.fromEntries(
      links.map(([a, b], id) => [id, { link: [names[a], names[b]], color: rgb(linkColors[id]) }]),
    ),
    ...(sigmas && { sigmas: [...sigmas] }),
  };
}

const rgb = (color: string): [number, number, number] => [
  Number.parseInt(color.slice(1, 3), 16),
  Number.parseInt(color.slice(3, 5), 16),
  Number.parseInt(color.slice(5, 7), 16),
];

/** MMPose's colours of what is on the left, on the right, and in between. */
export const SIDE_COLOURS = { middle: '#3399ff', left: '#00ff00', right: '#ff8000' } as const;
const { middle: BLUE, left: GREEN, right: ORANGE } = SIDE_COLOURS;
const NAMES = ['eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle'];
/** Both sides of what there are two of, left first; 0 is the nose. */
const [EYE, EAR, SHOULDER, ELBOW, WRIST, HIP, KNEE, ANKLE] = [1, 3, 5, 7, 9, 11, 13, 15];

/** COCO's person: 17 keypoints, 19 lines. */
export const COCO_PERSON: Skeleton = {
  names: ['nose', ...NAMES.flatMap((name) => [`left_${name}`, `right_${name}`])],
  flipIndices: Array.from({ length: 17 }, (_, i) => (i === 0 ? 0 : i % 2 === 1 ? i + 1 : i - 1)),
  links: [
    [ANKLE, KNEE],
    [KNEE, HIP],
    [ANKLE + 1, KNEE + 1],
    [KNEE + 1, HIP + 1],
    [HIP, HIP + 1],
    [SHOULDER, HIP],
    [SHOULDER + 1, HIP + 1],
    [SHOULDER, SHOULDER + 1],
    [SHOULDER, ELBOW],
    [SHOULDER + 1, ELBOW + 1],
    [ELBOW, WRIST],
    [ELBOW + 1, WRIST + 1],
    [EYE, EYE + 1],
    [0, EYE],
    [0, EYE + 1],
    [EYE, EAR],
    [EYE + 1, EAR + 1],
    [EAR, SHOULDER],
    [EAR + 1, SHOULDER + 1],
  ],
  colors: Array.from({ length: 17 }, (_, i) => (i < SHOULDER ? BLUE : i % 2 === 1 ? GREEN : ORANGE)),
  linkColors: [
    ...[GREEN, GREEN, ORANGE, ORANGE, BLUE, BLUE, BLUE, BLUE, GREEN, ORANGE, GREEN, ORANGE],
    ...Array.from({ length: 7 }, () => BLUE),
  ],
  sigmas: [
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089,
    0.089,
  ],
};
