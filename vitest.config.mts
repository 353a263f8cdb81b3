import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tests that measure time or memory: these run one by one. */
const ALONE = [
  'test/data/loader.test.ts',
  'test/engine/torch/backend.test.ts',
  'test/evaluation/coco-bbox.test.ts',
  'test/kernels/jupyter/interruption/cell-resources.test.ts',
  'test/kernels/jupyter/launcher.test.ts',
  'test/kernels/jupyter/session/cell-interruption.test.ts',
  'test/kernels/jupyter/session/stop-signal.test.ts',
];

/** Tests of what several threads of the engine compute. */
const THREADED = [
  'test/engine/conformance/torch.test.ts',
  'test/engine/torch/**/*.test.ts',
  'test/kernels/torch/**/*.test.ts',
  'test/ops/**/*.test.ts',
];

/** Tests that leave nothing in their process: files share one, which loads the sources and the engine once. */
const SHARED = [
  'analysis',
  'catalogue',
  'checkpoints',
  'config',
  'data',
  'evaluation',
  'geometry',
  'masks',
  'models',
  'nn',
  'onnx',
  'training',
  'visualization',
].map((folder) => `test/${folder}/**/*.test.ts`);

/** The lab and its commands: models that they leave to the garbage collector would disturb who counts tensors, so apart. */
const LAB = ['test/cli/**/*.test.ts', 'test/lab/**/*.test.ts'];

/** Of those: what counts the engine's tensors, registers modules, or changes the process. */
const ISOLATED = [
  'test/lab/assignments.test.ts',
  'test/lab/attention.test.ts',
  'test/lab/cam/gradients.test.ts',
  'test/lab/cam/wasm.test.ts',
  'test/lab/configured-hooks.test.ts',
  'test/lab/custom-imports.test.ts',
  'test/lab/demo.test.ts',
  'test/lab/features.test.ts',
  'test/lab/largest-batch.test.ts',
  'test/lab/learning-rate-finder.test.ts',
  'test/lab/memory.test.ts',
  'test/lab/neck-swap.test.ts',
  'test/lab/prediction/predict-source.test.ts',
  'test/lab/profile-model.test.ts',
  'test/lab/profile-runs.test.ts',
  'test/lab/ranks/*.test.ts',
  'test/lab/save-config.test.ts',
  'test/lab/start-weights.test.ts',
  'test/lab/training-batches.test.ts',
  'test/lab/user-modules.test.ts',
  'test/lab/validation-loss.test.ts',
  'test/lab/weights-file.test.ts',
  'test/lab/weights/fetch-weights.test.ts',
];

/** What takes longest begins first, so that the workers end at about the same time. */
const LONG = ['test/notebooks.test.ts', 'test/kernels', 'test/lab/ranks', 'test/lab/demo.test.ts', 'test/engine'];
const LONG_SHARED = ['test/lab/build-model', 'test/lab', 'test/cli'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification) => {
      // a shared process ends where the next file is not for it: these come one after another, and last
      const isShared = project.config.isolate === false;
      const starts = isShared ? LONG_SHARED : LONG;
      const at = starts.findIndex((start) => moduleId.includes(`/${start}`));
      return (isShared ? LONG.length + 1 : 0) + (at < 0 ? starts.length : at);
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/** The others run side by side, with one thread of the engine each. */
const TOGETHER = {
  maxWorkers: Math.min(4, availableParallelism()),
  env: { OMP_NUM_THREADS: '1' },
  sequence: { groupOrder: 0 },
};

const SOURCES = ['src', 'kernels'].map((folder) => `${join(import.meta.dirname, folder)}/`);

/** Sources are loaded by `require`, as those that are built are: a fifth of what it takes as modules of Vite. */
const requiredSources = {
  name: 'required-sources',
  enforce: 'pre' as const,
  load(id: string) {
    const source = id.endsWith('.ts') && SOURCES.some((folder) => id.startsWith(folder));
    return source ? `module.exports = require(${JSON.stringify(id)});` : undefined;
  },
};

const SLOW = process.env.DETLAB_SLOW ? [] : ['test/**/*.slow.test.ts'];

export default defineConfig({
  plugins: [requiredSources],
  test: {
    pool: 'forks',
    execArgv: ['--require', join(import.meta.dirname, 'test/typescript-require.cjs')],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // nothing goes out but where a test says so, to a server of its own
    env: { DETLAB_OFFLINE: '1', TORCH_HOME: join(tmpdir(), 'detlab-tests-no-cache') },
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          ...TOGETHER,
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: [...ALONE, ...LAB, ...SHARED, ...THREADED, ...SLOW],
        },
      },
      {
        extends: true,
        test: { ...TOGETHER, name: 'isolated', include: ISOLATED, exclude: SLOW },
      },
      {
        extends: true,
        test: {
          ...TOGETHER,
          name: 'in shared processes',
          include: SHARED,
          exclude: [...ALONE, ...SLOW],
          isolate: false,
          setupFiles: 'test/process-as-found.ts',
        },
      },
      {
        extends: true,
        test: {
          ...TOGETHER,
          name: 'lab in shared processes',
          include: LAB,
          exclude: [...ISOLATED, ...SLOW],
          isolate: false,
          setupFiles: 'test/process-as-found.ts',
        },
      },
      {
        extends: true,
        test: {
          ...TOGETHER,
          name: 'with several threads',
          include: THREADED,
          exclude: [...ALONE, ...SLOW],
          isolate: false,
          setupFiles: 'test/process-as-found.ts',
          // threads that wait leave the processor to another process
          env: { OMP_NUM_THREADS: '2', OMP_WAIT_POLICY: 'passive' },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ALONE,
          exclude: SLOW,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
