// Every public method that takes options by name refuses names that it does not know, and values that it cannot use.

import path from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import * as detlab from '../../src';
import { checkMethod, METHOD_OPTIONS, type MethodWithOptions } from '../../src/lab/method-options';
import { packageRoot } from '../../src/paths';

const methods = Object.keys(METHOD_OPTIONS) as MethodWithOptions[];

test.each(methods)('%s: unknown names', (method) => {
  for (const name of Object.keys(METHOD_OPTIONS[method].options.shape)) {
    expect(() => checkMethod(method, { [`${name}x`]: 1 })).toThrow(
      new RegExp(`^Cannot .*: unknown option "${name}x"; expected .*${name}.* Did you mean "`),
    );
    expect(() => checkMethod(method, { [name]: undefined })).not.toThrow();
  }
  expect(() => checkMethod(method, undefined)).not.toThrow();
  for (const given of [3, 'fast', [], null])
    expect(() => checkMethod(method, given)).toThrow(/expected options by name/);
});

/** Values of many forms, which are checked where they are read. */
const ELSEWHERE = ['track', 'imageSize', 'options', 'classWeights', 'space', 'Model.pseudoLabel.threshold'];

test.each(methods)('%s: values that no option can have', (method) => {
  for (const name of Object.keys(METHOD_OPTIONS[method].options.shape)) {
    if (ELSEWHERE.includes(name) || ELSEWHERE.includes(`${method}.${name}`)) continue;
    for (const value of [{ nonsense: 1 }, Number.NaN, -1.5, null, [[]]])
      expect(() => checkMethod(method, { [name]: value }), `${name}: ${value}`).toThrow(
        new RegExp(`^Cannot .*: ${name}.*(expected|unknown option)`),
      );
  }
});

test.each<[MethodWithOptions, object, string]>([
  ['Recipe.fit', { epoch: 3 }, 'train: unknown option "epoch"; expected epochs, '],
  ['Recipe.fit', { log: false }, 'train: log: expected a function, received the boolean false'],
  ['Recipe.fit', { epochs: '3' }, 'train: epochs: expected int > 0, received the string "3"'],
  ['Recipe.fit', { amp: 1 }, 'train: amp: expected boolean, received the number 1'],
  ['Recipe.fit', { signal: null }, 'train: signal: expected an AbortSignal'],
  [
    'Recipe.fit',
    { checkpoint: { maxkeep: 3 } },
    'train: checkpoint: unknown option "maxkeep". Did you mean "maxKeep"?',
  ],
  ['Recipe.batches', { count: 0 }, 'show training batches: count: expected int > 0, received the number 0'],
  ['Model.cam', { method: 'grad-cam' }, 'received the string "grad-cam". Did you mean "gradcam"?'],
  ['Model.features', { show: [0, 1.5] }, 'show features: show.1: expected int >= 0, received the number 1.5'],
  ['Report.confusion', { rule: 'evaluater' }, 'Did you mean "evaluator"?'],
  ['compare.fit', { seed: 1, sseds: 3 }, 'Did you mean "seeds"?'],
])('%s(%o)', (method, options, message) => {
  expect(() => checkMethod(method, options)).toThrow(
    `Cannot ${message.startsWith('received') || message.startsWith('Did') ? '' : message}`,
  );
  expect(() => checkMethod(method, options)).toThrow(message);
});

test.each<[MethodWithOptions, string, string]>([
  ['dataset.coco', 'classes', "['car', 'person']"],
  ['dataset.voc', 'classes', "['car', 'person']"],
  ['LabDataset.browse', 'class', "['car', 'person']"],
  ['compare.fit', 'seeds', '[0, 1, 2]'],
  ['Model.features', 'at', "['neck']"],
  ['Model.features', 'show', '[0, 1]'],
  ['Report.curves', 'iou', '[0.5, 0.75]'],
])('%s: an empty list of %s says what could be in it', (method, name, example) => {
  expect(() => checkMethod(method, { [name]: [] })).toThrow(
    `${name}: expected at least one, such as ${name}: ${example}, received a list of 0`,
  );
});

test('names of nothing, and of another type, say what could be given', () => {
  const recipe = detlab.detector('faster-rcnn_r18_fpn_toytown');
  for (const [call, message] of [
    [() => recipe.classes([]), "expected distinct names, such as ['car', 'person'], received []"],
    [() => recipe.freeze(), "expected paths, such as freeze('backbone.layer1'), received none"],
    [() => detlab.describe([] as never), "expected a type name, such as 'FPN', received a list of 0"],
    [() => detlab.modules([] as never), "expected a kind, such as 'neck', received a list of 0"],
    [() => detlab.listConfigs([]), "such as 'retinanet r50', or folders, such as ['configs'], received a list of 0"],
  ] as const)
    expect(call).toThrow(message);
});

/** The options of drawings are checked by checkDrawing, when the images are there; those of a filter by checkFilter. */
const DRAWING = /\.(show|draw|grid)$/;

interface Found {
  name: string;
  /** Position of the options among the arguments. */
  position: number;
}

/** Public methods and functions of the package with a parameter whose properties can all be left out. */
function methodsWithOptions(): Found[] {
  const root = packageRoot;
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile).config,
    ts.sys,
    root,
  );
  const index = path.join(root, 'src/index.ts');
  const program = ts.createProgram([index], { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(index)!)!;
  const optionsAt = (signature: ts.Signature): number =>
    signature.getParameters().findIndex((parameter) => {
      const type = checker.getNonNullableType(checker.getTypeOfSymbol(parameter));
      const properties = type.getProperties();
      return (
        (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) !== 0 &&
        !type.isClass() &&
        type.getCallSignatures().length === 0 &&
        type.getStringIndexType() === undefined &&
        properties.length > 0 &&
        properties.every((one) => one.flags & ts.SymbolFlags.Optional)
      );
    });
  const found: Found[] = [];
  const visit = (name: string, type: ts.Type) => {
    for (const signature of type.getCallSignatures()) {
      const position = optionsAt(signature);
      if (position >= 0 && !found.some((one) => one.name === name)) found.push({ name, position });
    }
  };
  for (const exported of checker.getExportsOfModule(module)) {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    if (!(symbol.flags & ts.SymbolFlags.Value) || !symbol.valueDeclaration) continue;
    const file = symbol.valueDeclaration.getSourceFile().fileName;
    if (!/\/src\/(lab|analysis|visualization)\//.test(file) || file.includes('/widgets/')) continue;
    const type = checker.getTypeOfSymbol(symbol);
    visit(symbol.name, type);
    const owner = symbol.flags & ts.SymbolFlags.Class ? checker.getDeclaredTypeOfSymbol(symbol) : type;
    for (const member of owner.getProperties()) {
      const declaration = member.valueDeclaration;
      if (!declaration?.getSourceFile().fileName.includes('/src/')) continue;
      if (ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) continue;
      visit(`${symbol.name}.${member.name}`, checker.getTypeOfSymbol(member));
    }
  }
  return found;
}

const found = methodsWithOptions();

test('the methods with options are those of the list, and some', () => {
  expect(found.length).toBeGreaterThan(35);
  const names = found.map(({ name }) => name);
  for (const method of methods.filter(
    (one) => !/^(compare\.fit|Report\.slices|search(\.fit)?|PseudoLabels\.filter|Recipe\.(un)?freeze)$/.test(one),
  ))
    expect(names).toContain(method);
});

test.each(found.filter(({ name }) => !DRAWING.test(name) && name !== 'ErrorReport.filter'))(
  '$name refuses unknown options before all else',
  async ({ name, position }) => {
    const [owner, method] = name.split('.');
    const value = (detlab as unknown as Record<string, unknown>)[owner] as Record<string, unknown> & {
      prototype?: object;
    };
    const call = (
      method === undefined
        ? value
        : ((value.prototype as Record<string, unknown> | undefined)?.[method] ?? value[method])
    ) as (...args: unknown[]) => unknown;
    const args = [...Array.from({ length: position }, () => 'x'), { nonsense: 1 }];
    await expect((async () => call.apply({}, args))()).rejects.toThrow(/unknown option "nonsense"/);
  },
);
