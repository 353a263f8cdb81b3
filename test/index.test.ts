// Every class, interface, type, constant and enumeration that the package exports has a comment; test:slow builds the whole API
// reference of them.

import ts from 'typescript';
import { expect, test } from 'vitest';
import { packageRoot } from '../src/paths';

const { Class, Interface, TypeAlias, Variable, Enum, Alias, ValueModule } = ts.SymbolFlags;
const SAID = Class | Interface | TypeAlias | Variable | Enum;
const options: ts.CompilerOptions = { noLib: true, types: [], module: ts.ModuleKind.CommonJS };

/** Exported names without a comment, of a module and the namespaces in it. Nothing is read of other packages. */
function withoutComment(file: string, files?: Record<string, string>): string[] {
  const host = ts.createCompilerHost(options);
  if (files) {
    host.fileExists = (name) => name in files;
    host.readFile = (name) => files[name];
  }
  host.resolveModuleNameLiterals = (names, from) =>
    names.map(({ text }) =>
      text.startsWith('.') ? ts.resolveModuleName(text, from, options, host) : { resolvedModule: undefined },
    );
  const program = ts.createProgram([file], options, host);
  const checker = program.getTypeChecker();
  const visit = (module: ts.Symbol, prefix: string): string[] =>
    checker.getExportsOfModule(module).flatMap((exported) => {
      const symbol = exported.flags & Alias ? checker.getAliasedSymbol(exported) : exported;
      const name = prefix + exported.name;
      if (symbol.flags & ValueModule) return visit(symbol, `${name}.`);
      const isSaid = symbol.declarations?.some((declaration) => ts.getJSDocCommentsAndTags(declaration).length > 0);
      return symbol.flags & SAID && !isSaid ? [name] : [];
    });
  return visit(checker.getSymbolAtLocation(program.getSourceFile(file)!)!, '');
}

test('what is exported has documentation', () => {
  expect(withoutComment(`${packageRoot}/src/index.ts`)).toEqual([]);
});

test('what has none is seen, in namespaces too', () => {
  const files = {
    '/a.ts': "/** Said. */ export interface A { a: number }\nexport type B = A;\nexport * as inner from './b';",
    '/b.ts': 'export class C {}\n/** Said. */ export const d = 1;\nexport function e() {}',
  };
  expect(withoutComment('/a.ts', files)).toEqual(['B', 'inner.C']);
});
