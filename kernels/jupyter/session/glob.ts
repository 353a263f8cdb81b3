// Glob patterns of history search: `*` any text, `?` any character, `[a-z]` one of, `[!a-z]` none of. Not compiled to a
// regular expression: one with many `.*` can backtrack for ever.

type CharacterMatcher = (character: string) => boolean;
type Token = CharacterMatcher | '*';

function parse(pattern: string): Token[] {
  const tokens: Token[] = [];
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i];
    const end = character === '[' ? characters.indexOf(']', i + 2 + Number(/[!^]/.test(characters[i + 1]))) : -1;
    if (character === '*') tokens.push('*');
    else if (character === '?') tokens.push(() => true);
    else if (end > 0) {
      tokens.push(oneOf(characters.slice(i + 1, end)));
      i = end;
    } else tokens.push((other) => other === character);
  }
  return tokens;
}

function oneOf(set: string[]): CharacterMatcher {
  const negated = /[!^]/.test(set[0]);
  const rest = negated ? set.slice(1) : set;
  const ranges: [string, string][] = [];
  for (let i = 0; i < rest.length; i++) {
    if (rest[i + 1] === '-' && i + 2 < rest.length) {
      ranges.push([rest[i], rest[i + 2]]);
      i += 2;
    } else ranges.push([rest[i], rest[i]]);
  }
  return (character) => ranges.some(([from, to]) => character >= from && character <= to) !== negated;
}

/** Returns a function that tests whether a whole text matches. */
export function createGlob(pattern: string): (text: string) => boolean {
  const tokens = parse(pattern);
  return (text) => {
    const characters = [...text];
    let t = 0;
    // Token of the last `*`, and the end of the text it covers: on a mismatch it covers one more character.
    let star = -1;
    let reach = 0;
    for (let i = 0; i < characters.length; ) {
      const token = tokens[t];
      if (token === '*') {
        star = t++;
        reach = i;
      } else if (token?.(characters[i])) {
        t++;
        i++;
      } else if (star >= 0) {
        t = star + 1;
        i = ++reach;
      } else return false;
    }
    while (tokens[t] === '*') t++;
    return t === tokens.length;
  };
}
