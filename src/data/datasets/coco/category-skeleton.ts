// What a COCO file says of the keypoints of its categories: `keypoints`, their names, and `skeleton`, pairs of their numbers from 1 on.
// Names say which is on the left and which on the right: those are swapped in a mirrored image, and have a colour each.

import { DetLabError, didYouMean, nameOfValue } from '../../../errors';
import { COCO_PERSON, SIDE_COLOURS, type Skeleton } from '../../../geometry/skeleton';
import type { Category } from '../../types';

/**
 * The skeleton of the categories that are classes and have one; undefined where none has.
 * @throws DetLabError for a line to a keypoint that is not there, and for categories that differ
 */
export function categorySkeleton(categories: readonly Category[], file: string): Skeleton | undefined {
  const poses = categories.flatMap(({ label, pose }) => (label >= 0 && pose ? [pose] : []));
  const [first, ...others] = poses.map((pose) => ({
    ...pose,
    ...checked(pose, `${file}: category "${pose.category}"`),
  }));
  if (!first) return undefined;
  const same = ({ names, links }: { names: string[]; links: [number, number][] }) => JSON.stringify([names, links]);
  const other = others.find((one) => same(one) !== same(first));
  if (other)
    throw new DetLabError(
      `Cannot use the keypoints of "${file}": categories "${first.category}" and "${other.category}" have different ones ` +
        `(${first.names.length} and ${other.names.length}), and a model has one set. Leave all but one out: classes: ["${first.category}"]`,
    );
  return skeletonOfNames(first.names, first.links);
}

/** Names and links, from 0 on. */
function checked({ keypoints, skeleton }: NonNullable<Category['pose']>, where: string) {
  const refuse = (what: string): never => {
    throw new DetLabError(`Cannot use ${where}: ${what}`);
  };
  const names = keypoints as string[];
  if (!Array.isArray(keypoints) || !keypoints.every((name) => typeof name === 'string' && name !== ''))
    return refuse(`keypoints: expected a list of names, received ${nameOfValue(keypoints)}`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) refuse(`keypoints: "${twice}" is there twice`);
  const lines = skeleton ?? [];
  if (!Array.isArray(lines)) return refuse(`skeleton: expected pairs of numbers, received ${nameOfValue(skeleton)}`);
  const end = (given: unknown, i: number): number => {
    const at = typeof given === 'string' ? names.indexOf(given) : Number.isInteger(given) ? Number(given) - 1 : -1;
    if (at >= 0 && at < names.length) return at;
    const nearest = typeof given === 'string' ? didYouMean(given, names) : '';
    return refuse(
      `skeleton: line ${i + 1} goes to keypoint ${JSON.stringify(given)}, which is not there; expected numbers from 1 to ` +
        `${names.length} (${names.slice(0, 6).join(', ')}${names.length > 6 ? ', ...' : ''}).${nearest}`,
    );
  };
  const links = lines.map((line: unknown, i): [number, number] => {
    if (!Array.isArray(line) || line.length !== 2)
      return refuse(`skeleton: line ${i + 1} is ${JSON.stringify(line)}: expected a pair of numbers`);
    return [end(line[0], i), end(line[1], i)];
  });
  return { names, links };
}

const OTHER: Readonly<Record<string, string>> = { left: 'right', right: 'left', l: 'r', r: 'l' };
const SIDE = /(?<![a-z])(left|right|l|r)(?![a-z])/i;
const CAMEL = /^([Ll]eft|[Rr]ight)(?=[A-Z])|(?<=[a-z])(Left|Right)$/;

/** `left_eye`, `eye-L`, `LeftEye`: the side, and the name on the other side. */
function sideOf(name: string): { side: 'left' | 'right'; mirrored: string } | undefined {
  const found = SIDE.exec(name) ?? CAMEL.exec(name);
  if (!found) return undefined;
  const [word] = found;
  const other = OTHER[word.toLowerCase()];
  const cased =
    word === word.toUpperCase() ? other.toUpperCase() : word[0] === word[0].toUpperCase() ? capital(other) : other;
  return {
    side: word.toLowerCase().startsWith('l') ? 'left' : 'right',
    mirrored: name.slice(0, found.index) + cased + name.slice(found.index + word.length),
  };
}

const capital = (word: string): string => word[0].toUpperCase() + word.slice(1);

/** The skeleton of keypoints of which only the names are known; COCO's person, with its sigmas, where they are that one's. */
export function skeletonOfNames(names: readonly string[], links: Skeleton['links']): Skeleton {
  if (names.join('\n') === COCO_PERSON.names.join('\n')) return personWith(links);
  const sides = names.map((name) => {
    const found = sideOf(name);
    const to = found ? names.indexOf(found.mirrored) : -1;
    return found && to >= 0 ? { side: found.side, to } : undefined;
  });
  const colourAt = (k: number) => SIDE_COLOURS[sides[k]?.side ?? 'middle'];
  return {
    names,
    flipIndices: sides.map((found, i) => found?.to ?? i),
    links,
    colors: names.map((_, k) => colourAt(k)),
    linkColors: links.map(([a, b]) => (colourAt(a) === colourAt(b) ? colourAt(a) : SIDE_COLOURS.middle)),
  };
}

function personWith(links: Skeleton['links']): Skeleton {
  const key = ([a, b]: readonly [number, number]) => `${Math.min(a, b)} ${Math.max(a, b)}`;
  const colours = new Map(COCO_PERSON.links.map((link, i) => [key(link), COCO_PERSON.linkColors[i]]));
  if (links.length === colours.size && links.every((link) => colours.has(key(link)))) return COCO_PERSON;
  return { ...COCO_PERSON, links, linkColors: links.map((link) => colours.get(key(link)) ?? SIDE_COLOURS.middle) };
}
