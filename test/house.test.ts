// The house rules, checked by reading the tree: tests mirror src/, files and functions are short, names say something.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import picomatch from 'picomatch';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { packageRoot } from '../src/paths';

/** Tests that belong to no single module, by the start of their path. */
const WITHOUT_MODULE: Record<string, string> = {
  'test/house.test.ts': 'this file',
  'test/api-reference.slow.test.ts': 'typedoc.json',
  'test/golden-data.test.ts': 'how all tests read and compare golden files',
  'test/contributing/': 'the examples of CONTRIBUTING.md, compiled and run',
  'test/catalogue/silent-options.test.ts': 'the options of every type of the catalogue',
  'test/onnx/catalogue.test.ts': 'whether every part of a detector is compared as ONNX',
  'test/kernels/torch/convolution-sums.test.ts':
    "the sums of the engine's convolutions, of whatever file computes them",
  'test/lab/prediction/text.test.ts': 'predictions by a text, from the words to the boxes',
  'test/frontends/': "Jupyter's front ends, in a browser",
  'test/engine/conformance/': 'one suite for every engine',
  'test/training/training-curves': 'whole detectors, trained step by step beside the reference',
  'test/models/roi-heads/relatives/':
    'heads of other papers, written in the test: the parts of src/models/roi-heads fit them',
  'test/web/trained': 'trained detectors in Node, ONNX Runtime and Chromium',
  'test/evaluation/differential': 'all metrics beside the evaluators that they are equal to',
};
const FILE_LINES = 400;
const FUNCTION_LINES = 80;

/** Paths of all files and folders under `folder`, from the package root, with /. */
function walk(folder: string): string[] {
  return readdirSync(join(packageRoot, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (!entry.isDirectory()) return [path];
    return ['build', 'node_modules', '__pycache__'].includes(entry.name) ? [] : [path, ...walk(path)];
  });
}
const CODE = ['src', 'kernels', 'scripts', 'bench', 'bin', 'test'];
const tree = [...readdirSync(packageRoot), ...CODE.flatMap(walk)];
const read = (file: string) => readFileSync(join(packageRoot, file), 'utf8');

const isTest = (file: string) => /^test\/.*\.test\.ts$/.test(file);

/**
 * What a test can be named after: src/a/b.ts, the folder src/a/b, the same outside of src/ (kernels/, scripts/, configs/; there
 * also b.mjs), or a C++ source of a kernel. Where the tests of src/a.ts fill several files, these are in the folder test/a/.
 */
function namesakes(file: string): string[] {
  const name = file.slice('test/'.length).replace(/(\.slow)?\.test\.ts$/, '');
  const folder = dirname(name);
  const source = `${folder}/src/${basename(name).replaceAll('-', '_')}.cpp`;
  return [`src/${name}.ts`, `src/${name}`, `src/${folder}.ts`, `${name}.ts`, `${name}.mjs`, name, source];
}
const withoutModule = (files: string[]) => {
  const known = new Set(files);
  return files.filter((file) => isTest(file) && !namesakes(file).some((path) => known.has(path)));
};

/** Tests named as what is left over of another test, unless a module has that very name. */
const leftOver = (files: string[]) => {
  const known = new Set(files);
  return files.filter(
    (file) => isTest(file) && /-(more|and|variants)\b/.test(basename(file)) && !known.has(namesakes(file)[0]),
  );
};

/** Files and folders whose names say nothing of what is in them. */
const vague = (files: string[]) =>
  files.filter((path) => /^(.+[-_])?(utils?|helpers?|common|misc|core|managers?)$/.test(basename(path).split('.')[0]));

/** Functions of more lines than allowed, with their place. */
function longFunctions(file: string, text: string): string[] {
  if (text.split('\n').length <= FUNCTION_LINES) return []; // nothing to parse it for
  const source = ts.createSourceFile(file, text, {
    languageVersion: ts.ScriptTarget.Latest,
    jsDocParsingMode: ts.JSDocParsingMode.ParseNone,
  });
  const line = (position: number) => source.getLineAndCharacterOfPosition(position).line + 1;
  const found: string[] = [];
  const visit = (node: ts.Node) => {
    if (ts.isFunctionLike(node) && 'body' in node) {
      const start = line(node.getStart(source));
      const lines = line(node.end) - start + 1;
      if (lines > FUNCTION_LINES) found.push(`${file}:${start} has ${lines} lines`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The file with its number of lines, where that is more than allowed. */
const longFile = (file: string, text: string) => {
  const lines = text.trimEnd().split('\n').length;
  return lines > FILE_LINES ? [`${file} has ${lines} lines`] : [];
};

test('every test is named after a module or folder', () => {
  const found = withoutModule(tree);
  const reasons = Object.keys(WITHOUT_MODULE);
  expect(found.filter((file) => !reasons.some((start) => file.startsWith(start)))).toEqual([]);
  // and no exemption has outlived its files
  expect(reasons.filter((start) => !found.some((file) => file.startsWith(start)))).toEqual([]);
});

test('every pattern of vitest.config.mts has files: tests that run alone still do', () => {
  const patterns = [...read('vitest.config.mts').matchAll(/'(test\/[^']+)'/g)].map(([, pattern]) => pattern);
  expect(patterns.length).toBeGreaterThan(5);
  const matches = (pattern: string) => {
    const isMatch = picomatch(pattern);
    return tree.some((file) => isMatch(file));
  };
  expect(patterns.filter((pattern) => !matches(pattern))).toEqual([]);
});

test('no test is what was left over of another', () => {
  expect(leftOver(tree)).toEqual([]);
});

test(`files have at most ${FILE_LINES} lines, functions of src/ and kernels/ at most ${FUNCTION_LINES}`, () => {
  const files = tree.filter((file) => /\.(ts|mjs|cjs|cpp|h)$/.test(file));
  expect(files.length).toBeGreaterThan(1000);
  const long = files.flatMap((file) => {
    const text = read(file);
    const functions = /^(src|kernels)\/.*\.(ts|mjs)$/.test(file) ? longFunctions(file, text) : [];
    return [...longFile(file, text), ...functions];
  });
  expect(long).toEqual([]);
});

test('the root of src/ holds four files and folders', () => {
  const files = readdirSync(join(packageRoot, 'src'), { withFileTypes: true }).filter((entry) => !entry.isDirectory());
  expect(files.map(({ name }) => name).sort()).toEqual(['errors.ts', 'index.ts', 'paths.ts', 'random.ts']);
});

test('no file or folder is named utils, helpers, common, misc, core or manager', () => {
  expect(vague(tree)).toEqual([]);
});

test('each rule sees what it forbids', () => {
  const modules = [
    'src/a',
    'src/a/b.ts',
    'src/a/crop-and-resize.ts',
    'kernels/torch/src/roi_align.cpp',
    'configs',
    'scripts/s.mjs',
  ];
  const mirrored = [
    'a',
    'a/b',
    'a/b.slow',
    'a/b/case',
    'a/crop-and-resize',
    'kernels/torch/roi-align',
    'configs',
    'scripts/s',
  ];
  const tests = (names: string[]) => names.map((name) => `test/${name}.test.ts`);
  expect(withoutModule([...modules, ...tests(mirrored), 'test/a/shared.ts'])).toEqual([]);
  const strays = tests(['b', 'a/c', 'a/c/b', 'a/roi-align', 'a/b.fast']);
  expect(withoutModule([...modules, ...strays])).toEqual(strays);
  const leftovers = tests(['a/b-more', 'a/b-and-c', 'a/b-variants', 'a/and-or-more-variants']);
  expect(leftOver([...modules, ...leftovers, ...tests(['a/crop-and-resize', 'a/android'])])).toEqual(leftovers);
  const names = [
    'src/utils',
    'src/a/box-utils.ts',
    'test/helpers.ts',
    'src/common',
    'kernels/misc.cpp',
    'src/core.d.ts',
  ];
  expect(vague([...names, 'src/a/score.ts', 'src/commons.ts', 'src/uncommon.ts'])).toEqual(names);

  const body = (lines: number) => `{\n${'  f();\n'.repeat(lines - 2)}}`;
  const forms = (lines: number) => [
    `function f() ${body(lines)}`,
    `const f = () => ${body(lines)};`,
    `class A {\n  constructor() ${body(lines)}\n}`,
    `function f() {\n  return { g() ${body(lines)} };\n}`,
  ];
  expect(forms(FUNCTION_LINES - 2).flatMap((text) => longFunctions('a.ts', text))).toEqual([]);
  for (const form of forms(FUNCTION_LINES + 1)) expect(longFunctions('a.ts', form)).toContainEqual(expect.anything());
  expect(longFunctions('a.ts', forms(FUNCTION_LINES + 1)[1])).toEqual(['a.ts:1 has 81 lines']);
  expect(longFile('a.ts', 'a\n'.repeat(FILE_LINES))).toEqual([]);
  expect(longFile('a.ts', 'a\n'.repeat(FILE_LINES + 1))).toEqual(['a.ts has 401 lines']);
});
