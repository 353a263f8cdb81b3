// `inspect_request` (Shift-Tab): the type of a name, and the doc comment of its declaration.

import ts from 'typescript';
import type { Content } from '../protocol/wire-message';
import type { CellCompiler } from './compiler';
import { utf16Offset } from './cursor-offset';

type Documented = ts.Node & { jsDoc?: ts.JSDoc[] };

/** Parses the doc comments of one declaration: files of packages are parsed without them. */
function readDocs(declaration: Documented, files: Map<string, ts.SourceFile>): void {
  if (declaration.jsDoc) return;
  const file = declaration.getSourceFile();
  let whole = files.get(file.fileName);
  if (!whole) {
    whole = ts.createSourceFile(file.fileName, file.text, ts.ScriptTarget.ES2022, true);
    files.set(file.fileName, whole);
  }
  // The comment of a variable belongs to its statement.
  for (let node: Documented | undefined = declaration; node && !ts.isSourceFile(node); node = node.parent) {
    const { pos, end, kind } = node;
    const find = (other: ts.Node): ts.Node | undefined =>
      other.pos === pos && other.end === end && other.kind === kind
        ? other
        : other.pos <= pos && end <= other.end
          ? ts.forEachChild(other, find)
          : undefined;
    const twin = find(whole) as Documented | undefined;
    if (twin?.jsDoc) node.jsDoc = twin.jsDoc;
    if (!ts.isVariableDeclaration(node) && !ts.isVariableDeclarationList(node)) break;
  }
}

export function createInspector(compiler: CellCompiler): (content: Content) => Content {
  const files = new Map<string, ts.SourceFile>();
  const none = { status: 'ok', found: false, data: {}, metadata: {} };

  function nameAt(cell: ts.SourceFile, position: number): ts.Node | undefined {
    const find = (node: ts.Node): ts.Node | undefined =>
      ts.forEachChild(node, (child) =>
        child.getStart(cell) <= position && position < child.end ? (find(child) ?? child) : undefined,
      );
    return find(cell);
  }

  return (content) => {
    const code = String(content.code ?? '');
    const cursor = utf16Offset(code, Number(content.cursor_pos ?? code.length));
    const { service, cellPath } = compiler.full;
    const { program, cell } = compiler.full.open(compiler.earlier, code);
    const checker = program.getTypeChecker();
    // The cursor may be after a name, or after the parenthesis of its call.
    const places = [cursor, cursor - 1, code.slice(0, cursor).search(/[\w$]\s*\($/)].filter((at) => at >= 0);
    for (const place of places) {
      const node = nameAt(cell, place);
      if (!node || ts.isBlock(node)) continue;
      let symbol = checker.getSymbolAtLocation(node);
      if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
      for (const declaration of symbol?.declarations ?? []) readDocs(declaration, files);
      // `export const add: typeof add_`: the comment is that of the function.
      const call = symbol && checker.getTypeOfSymbolAtLocation(symbol, node).getCallSignatures()[0];
      if (call?.declaration) readDocs(call.declaration, files);
      const info = service.getQuickInfoAtPosition(cellPath, place);
      if (!info) continue;
      const signature = ts.displayPartsToString(info.displayParts);
      const ownDocs = info.documentation?.length ? info : undefined;
      const documentation = ts.displayPartsToString(
        ownDocs?.documentation ?? call?.getDocumentationComment(checker) ?? [],
      );
      const tags = (ownDocs?.tags ?? call?.getJsDocTags() ?? []).map(({ name, text }) =>
        `@${name} ${ts.displayPartsToString(text)}`.trim(),
      );
      const sections = [documentation, tags.join('\n')].filter((section) => section);
      return {
        status: 'ok',
        found: true,
        data: {
          'text/plain': [signature, ...sections].join('\n\n'),
          'text/markdown': [`\`\`\`typescript\n${signature}\n\`\`\``, ...sections].join('\n\n'),
        },
        metadata: {},
      };
    }
    return none;
  };
}
