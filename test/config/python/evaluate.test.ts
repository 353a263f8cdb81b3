// What a hostile Python config tries to run is refused by name.

import { expect, test } from 'vitest';
import { refusal } from './refusal';

test.each([
  ['__import__("os").system("true")', /"__import__" is not supported in a config/],
  ['a = open("/etc/passwd").read()', /"open" is not supported in a config: a config cannot read files/],
  ['a = eval("1")', /"eval" is not supported in a config/],
  ['exec("a = 1")', /"exec" is not supported in a config/],
  ['a = ().__class__.__bases__[0].__subclasses__()', /"__class__" is an internal of Python/],
  ['a = "".__class__', /internal of Python/],
  ['a = "{0.__class__}".format(1)', /attributes are not supported in format\(\)/],
  ['a = f"{().__class__}"', /internal of Python/],
  ['a = getattr(1, "real")', /"getattr" is not supported in a config/],
  ['a = globals()', /"globals" is not supported in a config/],
  ['import os\nos.system("true")', /"os.system" is not supported in a config/],
  ['import subprocess\na = subprocess.run("true")', /the module "subprocess" is not supported in a config/],
  ['from os import environ\na = environ["HOME"]', /a module cannot be indexed/],
  ['import os\na = os.environ', /"os.environ" is not supported/],
  ['from torch import load\na = load("x")', /a class cannot be called/],
  ['import torch\na = torch.load("x")', /a class cannot be called/],
  ['def f(): return 1\na = f()', /a config is read, not executed, so "f" cannot be called/],
  ['a = (lambda: 1)()', /not executed/],
  ['while True: pass', /while loops are not supported/],
  ['class A: pass', /classes are not supported/],
  ['@f\ndef g(): pass', /decorators are not supported/],
  ['a = type("A", (), {})', /"type" is not supported in a config/],
])('nothing is run: %s', (text, message) => {
  expect(refusal(text)).toMatch(message);
});
