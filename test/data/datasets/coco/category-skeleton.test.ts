// Keypoints that the categories of a COCO file name: their skeleton, their mirror images, and what is refused.

import { expect, test } from 'vitest';
import { categorySkeleton, skeletonOfNames } from '../../../../src/data/datasets/coco/category-skeleton';
import { COCO_PERSON, metainfoOf, skeletonOf } from '../../../../src/geometry/skeleton';

const NAMES = ['nose', 'left_ear', 'right_ear', 'tail'];
const category = (pose?: { keypoints: unknown; skeleton?: unknown }, name = 'dog', label = 0) => ({
  id: 1,
  label,
  ...(pose && { pose: { category: name, ...pose } }),
});
const read = (keypoints: unknown, skeleton?: unknown) =>
  categorySkeleton([category({ keypoints, skeleton })], 'a.json');

test('names and lines; what is left is right in a mirrored image', () => {
  const found = read(NAMES, [
    [1, 2],
    [2, 3],
    [4, 'nose'],
  ]);
  expect(found).toEqual({
    names: NAMES,
    flipIndices: [0, 2, 1, 3],
    links: [
      [0, 1],
      [1, 2],
      [3, 0],
    ],
    colors: ['#3399ff', '#00ff00', '#ff8000', '#3399ff'],
    linkColors: ['#3399ff', '#3399ff', '#3399ff'],
  });
  expect(skeletonOf(metainfoOf(found!), 'again')).toEqual(found);
  expect(skeletonOf(metainfoOf(COCO_PERSON), 'again')).toEqual(COCO_PERSON);
  expect(read(NAMES)).toMatchObject({ links: [] });
  expect(categorySkeleton([category()], 'a.json')).toBeUndefined();
  expect(categorySkeleton([category({ keypoints: 5 }, 'cat', -1)], 'a.json')).toBeUndefined();
});

test.each([
  [
    ['L_eye', 'R_eye'],
    [1, 0],
  ],
  [
    ['eye-l', 'eye-r'],
    [1, 0],
  ],
  [
    ['LeftEye', 'RightEye'],
    [1, 0],
  ],
  [
    ['eyeLeft', 'eyeRight'],
    [1, 0],
  ],
  [
    ['leftEye', 'rightEye', 'LEFT PAW', 'RIGHT PAW'],
    [1, 0, 3, 2],
  ],
  [
    ['left_eye', 'right_ear', 'collar', 'bright'],
    [0, 1, 2, 3],
  ],
])('%s', (names, flipIndices) => expect(skeletonOfNames(names, []).flipIndices).toEqual(flipIndices));

test("COCO's person has its colours and sigmas, whatever lines the file has", () => {
  const { names, links } = COCO_PERSON;
  expect(skeletonOfNames(names, links)).toBe(COCO_PERSON);
  const fewer = skeletonOfNames(names, [links[2], [0, 16]]);
  expect(fewer).toMatchObject({ sigmas: COCO_PERSON.sigmas, linkColors: ['#ff8000', '#3399ff'] });
});

test.each([
  [NAMES, [[1, 5]], 'line 1 goes to keypoint 5, which is not there; expected numbers from 1 to 4 (nose, left_ear'],
  [
    NAMES,
    [
      [1, 2],
      [0, 1],
    ],
    'line 2 goes to keypoint 0, which is not there',
  ],
  [
    NAMES,
    [['nose', 'tial']],
    'keypoint "tial", which is not there; expected numbers from 1 to 4 (nose, left_ear, right_ear, tail). Did you mean "tail"?',
  ],
  [NAMES, [[1, 2, 3]], 'line 1 is [1,2,3]: expected a pair of numbers'],
  [NAMES, 'lines', 'skeleton: expected pairs of numbers, received the string "lines"'],
  [['a', 'b', 'a'], [], '"a" is there twice'],
  [['a', 7], [], 'keypoints: expected a list of names'],
  [17, [], 'keypoints: expected a list of names, received the number 17'],
])('%j with %j is refused', (keypoints, skeleton, message) => {
  expect(() => read(keypoints, skeleton)).toThrow(message);
  expect(() => read(keypoints, skeleton)).toThrow('a.json: category "dog"');
});

test('categories with different keypoints are refused', () => {
  const dog = category({ keypoints: NAMES, skeleton: [[1, 2]] });
  const same = category({ keypoints: NAMES, skeleton: [[1, 2]] }, 'cat');
  expect(categorySkeleton([dog, same], 'a.json')?.names).toEqual(NAMES);
  const other = category({ keypoints: ['beak'] }, 'bird');
  expect(() => categorySkeleton([dog, other], 'a.json')).toThrow(
    'categories "dog" and "bird" have different ones (4 and 1), and a model has one set',
  );
});
