// Names that every notebook has without an import: TensorFlow.js as `tf`, and those of the lab. The packages are loaded
// when a cell may need them, or before that when there is time; an engine is started by the time a cell uses `tf`.

import { deferPackages } from '../../../src/engine/deferred-packages';
import { holdYoungGeneration, releaseYoungGeneration } from '../../../src/engine/young-generation';
import { packageRoot } from '../../../src/paths';
import { outsideOfCells } from './cell';

/** Names of the lab. */
const NAMES = [
  'detector',
  'dataset',
  'compare',
  'compareFeatures',
  'ensemble',
  'fineTune',
  'describe',
  'modules',
  'startEngine',
  'register',
  'defineConfig',
  'loadConfig',
  'memory',
  'free',
  'runs',
  'search',
  'widgets',
];

/** Bytes that a cell must have made for garbage to be collected after it. */
const WORTHWHILE = 16 * 2 ** 20;

/** The prelude as import lines, from which the compiler reads its types before the packages are loaded. */
export const PRELUDE_IMPORTS = `import * as tf from '@tensorflow/tfjs';\nimport { ${NAMES.join(', ')} } from 'detlab';\n`;

type UnreachableTensors = typeof import('../../../src/engine/unreachable-tensors');
type TerminatedWork = typeof import('../../../src/engine/terminated-work');

export interface Prelude {
  /** The names; reading one loads the packages. */
  variables: Record<string, unknown>;
  /** Whether a cell may need the packages. */
  isNeeded(code: string): boolean;
  /** Loads the packages, which takes about a second; nothing of the user's may run or end it meanwhile. */
  load(): void;
  /** To be awaited before a cell runs: starts an engine when the cell uses `tf` and selects none itself. */
  prepare(code: string): Promise<void>;
  /** To be awaited before code runs that imports a package: the same for local modules that import TensorFlow.js. */
  prepareImport(id: string): Promise<void>;
  /** Frees tensors of earlier cells that no variable refers to any more, where that is worth the time. */
  collect(): Promise<void>;
  /** Frees the tensors of code that was terminated: of its scopes, and of the gradients it was computing. */
  endTerminatedWork(): void;
}

type Lab = { startEngine?: () => Promise<unknown> } & Record<string, unknown>;

const MENTIONED = new RegExp(`\\b(?:tf|${NAMES.join('|')}|import|require|eval|Function)\\b`);

/** @param onProblem called when a package cannot be loaded */
export function createPrelude(onProblem: (problem: string) => void): Prelude {
  const variables: Record<string, unknown> = {};
  let lab: Lab | undefined;
  let started = false;
  let selects = false;
  let scopes = 0;
  const terminatedWork = () => require('../../../src/engine/terminated-work') as TerminatedWork;
  const define = (name: string, property: PropertyDescriptor) =>
    Object.defineProperty(variables, name, { ...property, enumerable: true, configurable: true });
  const isLazy = (name: string) => Object.getOwnPropertyDescriptor(variables, name)?.get !== undefined;

  function load(): void {
    if (lab) return;
    lab = {};
    const values: Record<string, unknown> = {};
    holdYoungGeneration();
    try {
      outsideOfCells(() => {
        deferPackages();
        values.tf = require('@tensorflow/tfjs');
        lab = require(packageRoot) as Lab;
      });
      for (const name of NAMES) values[name] = lab[name];
    } catch (error) {
      onProblem(`DetLab could not be loaded: ${(error as Error).message}`);
    } finally {
      releaseYoungGeneration();
    }
    for (const name of ['tf', ...NAMES]) if (isLazy(name)) define(name, { value: values[name], writable: true });
  }
  for (const name of ['tf', ...NAMES]) {
    const get = () => {
      load();
      return variables[name];
    };
    define(name, { get, set: (value) => void define(name, { value, writable: true }) });
  }
  const isLoaded = () => lab?.startEngine !== undefined;
  async function start(): Promise<void> {
    if (started || selects || !lab?.startEngine) return;
    started = true;
    await lab.startEngine();
  }
  return {
    variables,
    isNeeded: (code) => lab === undefined && MENTIONED.test(code),
    load,
    async prepare(code) {
      if (isLoaded()) scopes = terminatedWork().openScopes();
      selects = /\bstartEngine\b|\bsetBackend\b/.test(code);
      if (/\btf\.|=\s*tf\b/.test(code)) await start();
    },
    async prepareImport(id) {
      if (id.startsWith('@tensorflow/tfjs')) await start();
    },
    async collect() {
      if (!isLoaded()) return;
      const { collectIfGrown } = require('../../../src/engine/unreachable-tensors') as UnreachableTensors;
      await collectIfGrown(WORTHWHILE);
    },
    endTerminatedWork() {
      if (isLoaded()) terminatedWork().endTerminatedWork(scopes);
    },
  };
}
