// From checked TypeScript to JavaScript that runs in the kernel: what is declared at the top of cells lives in `exports`,
// which all cells share, so that a name means in every function what it was last declared or set to. The last expression
// is kept, `import()` and `import.meta` become the kernel's, and modules become CommonJS.

import ts from 'typescript';
import { guardAwaits, type Insertion } from './await-points';
import type { Opened } from './language-service';

/** Under what name a cell exports its last expression. */
export const RESULT = '__result__';

export interface Emitted {
  /** CommonJS, every await guarded. */
  code: string;
  /** Whether it awaits outside of functions. */
  awaits: boolean;
  /** What it imports statically, in order. */
  imports: string[];
  /** Source maps from the source to `code` before its awaits were guarded: one for each step, first to last. */
  maps: string[];
  insertions: Insertion[];
}

/** `import(x)` and `import.meta`: neither exists in the code the kernel runs. */
function kernelImports(node: ts.Node, factory: ts.NodeFactory): ts.Node {
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return factory.updateCallExpression(node, factory.createIdentifier('__import__'), undefined, node.arguments);
  if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword)
    return factory.createIdentifier('__meta__');
  return node;
}

const moduleTransformer: ts.TransformerFactory<ts.SourceFile> = (context) => {
  const visit = (node: ts.Node): ts.Node =>
    ts.isTypeNode(node) ? node : kernelImports(ts.visitEachChild(node, visit, context), context.factory);
  return (file) => ts.visitEachChild(file, visit, context);
};

const localsOf = (file: ts.SourceFile) => (file as unknown as { locals?: Map<string, ts.Symbol> }).locals;

/** What holds its own name while it is being made: inside of it, the name is its own. */
const holdsItself = (node: ts.Node) =>
  ts.isClassDeclaration(node) || ts.isEnumDeclaration(node) || ts.isModuleDeclaration(node);

function cellTransformer(
  checker: ts.TypeChecker,
  cell: ts.SourceFile,
  earlier: ts.SourceFile,
  exported: ReadonlySet<string>,
  onResult: () => void,
): ts.TransformerFactory<ts.SourceFile> {
  const [own, names] = [localsOf(cell), localsOf(earlier)];
  /** Variables are left to TypeScript, which reads and writes exported ones in `exports` wherever they stand. */
  const isSharedDeclaration = (node: ts.Node, declaration: ts.Declaration): boolean => {
    if (ts.isVariableDeclaration(declaration) || ts.isBindingElement(declaration)) return false;
    if (!holdsItself(declaration)) return true;
    for (let up = node.parent; up && up !== cell; up = up.parent) if (up === declaration) return false;
    return true;
  };
  const isOwn = (node: ts.Identifier, symbol: ts.Symbol | undefined) => {
    const declarations = symbol?.declarations;
    if (!declarations || !exported.has(node.text) || own?.get(node.text) !== symbol) return false;
    // the name in its own declaration is no use of it
    if (declarations.some((declaration) => ts.getNameOfDeclaration(declaration) === node)) return false;
    return declarations.every((declaration) => isSharedDeclaration(node, declaration));
  };
  return (context) => {
    const { factory } = context;
    const access = (name: string) =>
      factory.createPropertyAccessExpression(factory.createIdentifier('exports'), factory.createIdentifier(name));
    const isShared = (node: ts.Identifier, symbol: ts.Symbol | undefined) =>
      symbol !== undefined && (names?.get(node.text) === symbol || isOwn(node, symbol));
    const isSharedName = (node: ts.Node): node is ts.Identifier =>
      ts.isIdentifier(node) && isShared(node, checker.getSymbolAtLocation(node));
    /** What is called must not receive `exports` as its `this`. */
    const called = (name: string) =>
      factory.createParenthesizedExpression(factory.createComma(factory.createNumericLiteral(0), access(name)));

    const visit = (node: ts.Node): ts.Node => {
      if (ts.isExpressionWithTypeArguments(node)) {
        const expression = visit(node.expression) as ts.LeftHandSideExpression;
        return factory.updateExpressionWithTypeArguments(node, expression, node.typeArguments);
      }
      if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return node;
      if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node;
      if (ts.isShorthandPropertyAssignment(node)) {
        if (!isShared(node.name, checker.getShorthandAssignmentValueSymbol(node)))
          return ts.visitEachChild(node, visit, context);
        const { objectAssignmentInitializer: fallback } = node;
        const value = access(node.name.text);
        const whole = fallback ? factory.createAssignment(value, visit(fallback) as ts.Expression) : value;
        return factory.createPropertyAssignment(node.name, whole);
      }
      if (ts.isCallExpression(node) && isSharedName(node.expression)) {
        const args = node.arguments.map((argument) => visit(argument) as ts.Expression);
        return factory.updateCallExpression(node, called(node.expression.text), node.typeArguments, args);
      }
      if (ts.isTaggedTemplateExpression(node) && isSharedName(node.tag)) {
        const template = visit(node.template) as ts.TemplateLiteral;
        return factory.updateTaggedTemplateExpression(node, called(node.tag.text), node.typeArguments, template);
      }
      if (isSharedName(node)) return ts.setTextRange(access(node.text), node);
      return kernelImports(ts.visitEachChild(node, visit, context), factory);
    };

    /** `let x` becomes `export let x`; the list behind the cell then has what is left. */
    const asExported = (statement: ts.Statement): ts.Statement => {
      const keyword = factory.createModifier(ts.SyntaxKind.ExportKeyword);
      if (ts.isVariableStatement(statement) && isExportable(statement)) {
        const modifiers = [keyword, ...(statement.modifiers ?? [])];
        return factory.updateVariableStatement(statement, modifiers, statement.declarationList);
      }
      if (!ts.isExportDeclaration(statement) || !statement.exportClause || statement.moduleSpecifier) return statement;
      if (!ts.isNamedExports(statement.exportClause)) return statement;
      const left = statement.exportClause.elements.filter(
        ({ name }) => !own?.get(name.text)?.declarations?.some(isTopLevelVariable),
      );
      const clause = factory.updateNamedExports(statement.exportClause, left);
      return factory.updateExportDeclaration(statement, undefined, false, clause, undefined, undefined);
    };

    return (file) => {
      const statements = file.statements.map((statement) => asExported(visit(statement) as ts.Statement));
      for (let i = statements.length - 1; i >= 0; i--) {
        const statement = statements[i];
        if (ts.isExportDeclaration(statement) || ts.isEmptyStatement(statement)) continue;
        if (!ts.isExpressionStatement(statement)) break;
        onResult();
        const declaration = factory.createVariableDeclaration(RESULT, undefined, undefined, statement.expression);
        const list = factory.createVariableDeclarationList([declaration], ts.NodeFlags.Const);
        const keyword = factory.createModifier(ts.SyntaxKind.ExportKeyword);
        statements[i] = ts.setTextRange(factory.createVariableStatement([keyword], list), statement);
        break;
      }
      return factory.updateSourceFile(file, ts.setTextRange(factory.createNodeArray(statements), file.statements));
    };
  };
}

/** A variable statement that may be exported as a whole: `using` may not, and what the person exports already is. */
function isExportable({ declarationList, modifiers }: ts.VariableStatement): boolean {
  const kind = declarationList.flags & ts.NodeFlags.BlockScoped;
  return !modifiers?.length && kind !== ts.NodeFlags.Using && kind !== ts.NodeFlags.AwaitUsing;
}

const isPattern = (node: ts.Node) => ts.isObjectBindingPattern(node) || ts.isArrayBindingPattern(node);

function isTopLevelVariable(declaration: ts.Declaration): boolean {
  let node: ts.Node = declaration;
  while (ts.isVariableDeclaration(node) || ts.isBindingElement(node) || isPattern(node)) node = node.parent;
  if (!ts.isVariableDeclarationList(node) || !ts.isVariableStatement(node.parent)) return false;
  return ts.isSourceFile(node.parent.parent) && isExportable(node.parent);
}

const COMMON_JS: ts.CompilerOptions = {
  module: ts.ModuleKind.CommonJS,
  target: ts.ScriptTarget.ES2022,
  esModuleInterop: true,
  allowJs: true,
  sourceMap: true,
  newLine: ts.NewLineKind.LineFeed,
};

interface Written {
  script: string;
  map: string;
  declarations: string;
}

function write(program: ts.Program, file: ts.SourceFile, transformers: ts.CustomTransformers): Written {
  const written: Written = { script: '', map: '', declarations: '' };
  const take: ts.WriteFileCallback = (name, text) => {
    if (name.endsWith('.map')) written.map = text;
    else if (/\.d\.[cm]?ts$/.test(name)) written.declarations = text;
    else written.script = text;
  };
  // Declarations also where a type has no name to be written by: TypeScript then writes what it can.
  const emit = program.emit as (...args: unknown[]) => ts.EmitResult;
  emit.call(program, file, take, undefined, false, transformers, true);
  return written;
}

function toCommonJs(written: Written): Emitted {
  const script = written.script.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n');
  const imports = ts.preProcessFile(script, true, false).importedFiles.map(({ fileName }) => fileName);
  const { outputText, sourceMapText } = ts.transpileModule(script, {
    fileName: 'module.js',
    compilerOptions: COMMON_JS,
  });
  const { code, insertions, topLevel } = guardAwaits(outputText.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n'));
  return { code, insertions, awaits: topLevel, imports, maps: [written.map, sourceMapText ?? ''] };
}

export interface EmittedCell extends Emitted {
  /** Names that are there once the code has run: `exports` will have them. */
  declared: string[];
  hasResult: boolean;
  /** The text of its .d.ts file. */
  declarations: string;
}

const HOISTED = /^exports\.[\w$]+ = (?:exports\.[\w$]+ = )*void 0;$/gm;

/** @param exported names the cell shares with later ones */
export function emitCell({ program, cell, earlier }: Opened, exported: ReadonlySet<string>): EmittedCell {
  let hasResult = false;
  const transformer = cellTransformer(program.getTypeChecker(), cell, earlier, exported, () => {
    hasResult = true;
  });
  const written = write(program, cell, { before: [transformer] });
  const emitted = toCommonJs(written);
  const declared = [...emitted.code.matchAll(HOISTED)].flatMap(([line]) =>
    [...line.matchAll(/exports\.([\w$]+)/g)].map(([, name]) => name),
  );
  // A name must not be emptied before its declaration is reached, and imports must stay assignable.
  const code = emitted.code
    .replace(HOISTED, '')
    .replace(/^Object\.defineProperty\(exports, /gm, '__define__(exports, ');
  return { ...emitted, code, declared, hasResult, declarations: written.declarations };
}

export const emitModule = (program: ts.Program, file: ts.SourceFile): Emitted =>
  toCommonJs(write(program, file, { before: [moduleTransformer] }));
