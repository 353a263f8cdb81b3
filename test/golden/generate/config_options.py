# Writes test/golden/config_options_grammar.json: what mmengine makes of --cfg-options arguments, and of a config they are
# laid over; `null` where it refuses. Tuples are { "$t": [...] }, floats { "$f": text }.
# Needs mmengine 0.10.7. Run: python test/golden/generate/config_options.py
import argparse
import contextlib
import io
import json
import pathlib
import random

from mmengine.config import Config, DictAction

GOLDEN = pathlib.Path(__file__).parent.parent / "config_options_grammar.json"
CONFIG = {"a": {"b": 1, "c": [1, 2, {"d": 3}], "e": {"f": "x"}}, "l": [{"t": 1}, {"t": 2}], "s": "text", "n": None}
VALUES = """1|-5|+3|-0|00|1_000|1__0|_1|1_|1.5|.5|5.|-.5e-2|1e-3|1e5|1e|e1|1.2.3|--1|0x10|inf|-inf|iNf|nAn|infinity|true|False|TRUE
None|none|null||abc|a b| 3 |"q"|'q'|"1"|'[1,2]'|"(1,2)"|"a,b"|'a,"b'|'None'|"True"|['a','b']|[ 'a' , "b" ]|['a,b',c]|a=b|x:y|mmdet::a
{}|()|[]|[ ]|(1,)|1,|1,2|a,b|[1,2]|(1,2)|[a, b]|[(1,2),(3,4)]|[[1],[2,[3]]]|(a,(b,c))|[1,]|(),[]|True,None|[None,true]|é|1;2|#c
[1,2|1,2]|((1)|[1,(2,3],4)|[1,,2]|[,]|,|,1|[1] ,2|a(b|a)b|[a](b)|(1)(2)|[1][2]""".replace("\n", "|").split("|")
KEYS = "a.b a.c a.c.0 a.c.2.d a.c.9 a.e a.e.f a.e.g a.e.f.h l.0.t l.1.u l.2.t l.x l.-1.t s s.x n n.x a a._delete_".split()
KEYS += "a.e._delete_ new.x.y new.0.y l l.0 1 a.1 é.x".split()
random.seed(7)


def nested(depth=0):
    if depth > 3 or random.random() < 0.5:
        return random.choice(VALUES)
    left, right = random.choice(["[]", "()"])
    items = random.choice([",", ", ", " ,"]).join(nested(depth + 1) for _ in range(random.randint(0, 3)))
    return left + items + random.choice(["", "", ","]) + right


def plain(value):
    if isinstance(value, float):
        return {"$f": repr(value)}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return {"$t": [plain(item) for item in value]}
    return [plain(item) for item in value] if isinstance(value, list) else value


def merged(arguments):
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--cfg-options", nargs="+", action=DictAction)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            options = parser.parse_args(["--cfg-options", *arguments]).cfg_options
        config = Config(json.loads(json.dumps(CONFIG)))
        config.merge_from_dict(options)
        return plain(config.to_dict())
    except (Exception, SystemExit):
        return None


cases = [[f"k={value}"] for value in VALUES + [nested() for _ in range(150)]]
for _ in range(150):
    values = ["1", "[1,2]", "x", "true", "None", "(1,)", ""]
    cases.append([f"{random.choice(KEYS)}={random.choice(values)}" for _ in range(random.choice([1, 1, 2, 3]))])
rows = []
for arguments in cases:
    result = merged(arguments)
    # the values are about the key k alone
    rows.append([arguments, result and {"k": result["k"]} if arguments[0].startswith("k=") else result])
text = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
GOLDEN.write_text(f'{{"config": {json.dumps(CONFIG)},\n"cases": [\n{text}\n]}}\n')
