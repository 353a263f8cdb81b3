// `inspect_request` (Shift-Tab): the type of the name at the cursor, and the doc comment of its declaration; in detail
// also the declaration itself.

import ts from 'typescript';
import type { Content } from '../protocol/wire-message';
import type { CellCompiler } from './compiler';
import { namesAt } from './cursor-names';
import { utf16Offset } from './cursor-offset';
import { DocComments } from './doc-comments';

/** Longer declarations are cut: a class of many pages says less than its beginning. */
const MAX_LINES = 80;

interface Found {
  signature: string;
  sections: string[];
  declaration: string | undefined;
}

interface Discriminating {
  /** TypeScript's own, by which it narrows `{ type: 'FPN', ... }` to the one config of that type. */
  isTypeInvalidDueToUnionDiscriminant(type: ts.Type, literal: ts.ObjectLiteralExpression): boolean;
}

/** The property that an object literal is expected to have under one of its keys. */
function expectedProperty(checker: ts.TypeChecker & Partial<Discriminating>, node: ts.Node): ts.Symbol | undefined {
  const element = node.parent;
  if (!element || !ts.isObjectLiteralElement(element) || element.name !== node) return undefined;
  const literal = element.parent;
  if (!ts.isObjectLiteralExpression(literal) || !(ts.isIdentifier(node) || ts.isStringLiteral(node))) return undefined;
  const expected = checker.getContextualType(literal);
  const types = expected?.isUnion() ? expected.types : expected ? [expected] : [];
  const fitting = types.filter((type) => !checker.isTypeInvalidDueToUnionDiscriminant?.(type, literal));
  const properties = fitting.flatMap((type) => checker.getNonNullableType(type).getProperty(node.text) ?? []);
  return properties[0];
}

function symbolAt(checker: ts.TypeChecker, node: ts.Node): ts.Symbol | undefined {
  const { parent } = node;
  const isShorthand = parent && ts.isShorthandPropertyAssignment(parent);
  const symbol =
    expectedProperty(checker, node) ??
    (isShorthand ? checker.getShorthandAssignmentValueSymbol(parent) : checker.getSymbolAtLocation(node));
  return symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

const tagLine = ({ name, text }: ts.JSDocTagInfo) => `@${name} ${ts.displayPartsToString(text)}`.trim();

/** Comments of a class, for its constructor and its instances: `new Model(`, `model`. */
function classComment(checker: ts.TypeChecker, symbol: ts.Symbol, node: ts.Node): string {
  const named = symbol.flags & ts.SymbolFlags.Class ? symbol : checker.getTypeOfSymbolAtLocation(symbol, node).symbol;
  if (!named || !(named.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface))) return '';
  const comment = ts.displayPartsToString(named.getDocumentationComment(checker));
  return comment && named !== symbol ? `${named.name}: ${comment}` : comment;
}

function sectionsOf(
  checker: ts.TypeChecker,
  symbol: ts.Symbol | undefined,
  node: ts.Node,
  info: ts.QuickInfo,
): string[] {
  // `export const add: typeof add_`: the comment is that of the function.
  const call = symbol && checker.getTypeOfSymbolAtLocation(symbol, node).getCallSignatures()[0];
  const written = ts.displayPartsToString(info.documentation);
  const ofSymbol = () => ts.displayPartsToString(symbol?.getDocumentationComment(checker));
  const ofCall = () => ts.displayPartsToString(call?.getDocumentationComment(checker) ?? []);
  const documentation = written || ofSymbol() || ofCall() || (symbol ? classComment(checker, symbol, node) : '');
  const tags = [info.tags, symbol?.getJsDocTags(checker), call?.getJsDocTags()].find((each) => each?.length) ?? [];
  return [documentation, tags.map(tagLine).join('\n')].filter((section) => section);
}

/** The text of a declaration, with the file where it is if that is one of a package or of the user's. */
function declarationOf(symbol: ts.Symbol | undefined, inMemory: (path: string) => boolean): string | undefined {
  let node: ts.Node | undefined = symbol?.valueDeclaration ?? symbol?.declarations?.[0];
  if (!node) return undefined;
  if (ts.isVariableDeclaration(node) && ts.isVariableStatement(node.parent.parent)) node = node.parent.parent;
  const file = node.getSourceFile();
  const lines = node.getText(file).split('\n');
  const text = lines.length > MAX_LINES ? [...lines.slice(0, MAX_LINES), '...'].join('\n') : lines.join('\n');
  if (inMemory(file.fileName)) return text;
  const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
  return `// ${file.fileName}:${line + 1}\n${text}`;
}

const fenced = (text: string) => `\`\`\`typescript\n${text}\n\`\`\``;

export function createInspector(compiler: CellCompiler): (content: Content) => Content {
  const comments = new DocComments((path) => compiler.files.lacksComments(path));
  const { service, cellPath, isInMemory } = compiler.full;

  function describe(program: ts.Program, cell: ts.SourceFile, node: ts.Node): Found | undefined {
    const checker = program.getTypeChecker();
    const symbol = symbolAt(checker, node);
    // A name that is unknown, or only being typed.
    if (!symbol && ts.isIdentifier(node)) return undefined;
    // Before the service looks at them: it remembers comments, also those that were not there.
    if (symbol) comments.readAll(checker, symbol, node);
    const info = service.getQuickInfoAtPosition(cellPath, node.getStart(cell));
    if (!info) return undefined;
    const signature = ts.displayPartsToString(info.displayParts);
    const sections = sectionsOf(checker, symbol, node, info);
    return { signature, sections, declaration: declarationOf(symbol, isInMemory) };
  }

  function inspect(program: ts.Program, cell: ts.SourceFile, cursor: number, inDetail: boolean): Content {
    for (const node of namesAt(cell, cursor)) {
      const found = describe(program, cell, node);
      if (!found) continue;
      const { signature, sections } = found;
      const source = inDetail && found.declaration !== undefined ? [found.declaration] : [];
      return {
        status: 'ok',
        found: true,
        data: {
          'text/plain': [signature, ...sections, ...source].join('\n\n'),
          'text/markdown': [fenced(signature), ...sections, ...source.map(fenced)].join('\n\n'),
        },
        metadata: {},
      };
    }
    return { status: 'ok', found: false, data: {}, metadata: {} };
  }

  // A cell is the same object as long as neither its text nor anything before it has changed.
  const answers = new WeakMap<ts.SourceFile, Map<string, Content>>();
  return (content) => {
    const code = String(content.code ?? '');
    const cursor = utf16Offset(code, Number(content.cursor_pos ?? code.length));
    const inDetail = Number(content.detail_level) > 0;
    const { program, cell } = compiler.full.show(compiler.earlier, code);
    const known = answers.get(cell) ?? new Map<string, Content>();
    answers.set(cell, known);
    const key = `${cursor} ${inDetail}`;
    const answer = known.get(key) ?? inspect(program, cell, cursor, inDetail);
    known.set(key, answer);
    return answer;
  };
}
