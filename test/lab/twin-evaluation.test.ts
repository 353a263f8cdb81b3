import { expect, test } from 'vitest';
import { evaluatedTwins, evaluateTwins } from '../../src/lab/twin-evaluation';

// biome-ignore lint/suspicious/noExplicitAny: detectors and reports of what is read of them
type Any = any;
const detector = (twins?: string[]): Any => ({ twins, predictsBy: 'teacher' });
const loop = (type: string) => ({ val_cfg: { type } });

test('both are evaluated where the config asks for it, the teacher first', () => {
  expect(evaluatedTwins(detector(['student', 'teacher']), loop('mmdet.TeacherStudentValLoop'))).toEqual([
    'teacher',
    'student',
  ]);
  expect(evaluatedTwins(detector(['student', 'teacher']), loop('ValLoop'))).toEqual([]);
  expect(evaluatedTwins(detector(), {})).toEqual([]);
  expect(() => evaluatedTwins(detector(), loop('TeacherStudentValLoop'))).toThrow(
    /expected a detector with a teacher and a student.*type: 'ValLoop'/,
  );
});

test('each predicts in turn; the report is of the one that predicts else, which it does again', async () => {
  const one = detector(['student', 'teacher']);
  const evaluate = async (): Promise<Any> => {
    const by = one.predictsBy;
    return { by, withTwins: (reports: Any) => ({ by, reports }) };
  };
  const report = (await evaluateTwins(one, ['teacher', 'student'], evaluate)) as Any;
  expect(report.by).toBe('teacher');
  expect(report.reports.map(({ name, report }: Any) => [name, report.by])).toEqual([
    ['teacher', 'teacher'],
    ['student', 'student'],
  ]);
  one.predictsBy = 'student';
  expect(((await evaluateTwins(one, ['teacher', 'student'], evaluate)) as Any).by).toBe('student');
  expect(one.predictsBy).toBe('student');
});

test('an evaluation that is stopped gives none; after one that fails the same predicts', async () => {
  const one = detector(['student', 'teacher']);
  expect(await evaluateTwins(one, ['teacher', 'student'], async () => undefined)).toBeUndefined();
  const failing = evaluateTwins(one, ['student'], () => Promise.reject(new Error('no disk')));
  await expect(failing).rejects.toThrow('no disk');
  expect(one.predictsBy).toBe('teacher');
});
