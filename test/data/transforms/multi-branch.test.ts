import { expect, test } from 'vitest';
import { MultiBranch } from '../../../src/data/transforms/multi-branch';
import { Random } from '../../../src/random';
import { build, sample } from './small-sample';

const BRANCHES = ['sup', 'unsup_teacher', 'unsup_student'];
const pack = { type: 'PackDetInputs', meta_keys: ['homography_matrix'] };
const branched = (pipelines: object) => build({ type: 'MultiBranch', branch_field: BRANCHES, ...pipelines });

test('each view goes through its own steps, from the same pixels', async () => {
  const given = sample();
  const before = given.image!.data.slice();
  const flip = { type: 'RandomFlip', prob: 1 };
  const step = branched({ unsup_teacher: [pack], unsup_student: [{ type: 'Resize', scale: [20, 16] }, flip, pack] });
  const { packed } = (await step(given, Random.seeded(2)))!;
  const { sup, unsup_teacher: weak, unsup_student: strong } = packed!.branches!;
  expect(sup).toBeUndefined();
  expect([weak!.image.width, strong!.image.width]).toEqual([10, 20]);
  expect([...weak!.meta.homography!]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  expect([...strong!.meta.homography!]).toEqual([-2, 0, 20, 0, 2, 0, 0, 0, 1]);
  expect([...strong!.truths.bboxes.subarray(0, 4)]).toEqual([16, 0, 20, 4]);
  expect([...given.image!.data]).toEqual([...before]);
  // a batch shows the first view
  expect([...packed!.image.data]).toEqual([...before]);
});

test('views without steps do not share their pixels', async () => {
  const { packed } = (await branched({ unsup_teacher: pack, unsup_student: pack })(sample(), Random.seeded(2)))!;
  const { unsup_teacher: weak, unsup_student: strong } = packed!.branches!;
  expect(weak!.image.data.buffer).not.toBe(strong!.image.data.buffer);
  expect([...weak!.image.data]).toEqual([...strong!.image.data]);
});

test('an image that a view cannot use is discarded', async () => {
  const crop = { type: 'RandomCrop', crop_size: [1, 1] };
  const step = branched({ unsup_teacher: pack, unsup_student: [{ ...crop }, pack] });
  const outcomes = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((seed) => step(sample(), Random.seeded(seed))));
  expect(outcomes).toContain(undefined);
});

test('what it cannot do is told', async () => {
  expect(() => branched({})).toThrow(/pipeline.0: expected a pipeline of sup, unsup_teacher, unsup_student/);
  expect(() => build({ type: 'MultiBranch', branch_field: ['sup'], unsup_teacher: pack })).toThrow(
    /"unsup_teacher" is not in branch_field \(sup\)/,
  );
  const unpacked = branched({ sup: { type: 'RandomFlip', prob: 1 } });
  await expect(unpacked(sample(), Random.seeded(1))).rejects.toThrow(/pipeline.0.sup: expected PackDetInputs/);
  expect(MultiBranch.options.safeParse({ branch_field: ['other'] }).success).toBe(false);
});
