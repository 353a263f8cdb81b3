# Time of tidecv 1.0.1 for the kinds of error and their costs on gt.json and dt.json of a folder, without reading them.
import contextlib
import json
import os
import sys
import time

import tidecv

folder = sys.argv[1]
with open(os.devnull, "w") as quiet, contextlib.redirect_stdout(quiet):
    truths = tidecv.datasets.COCO(f"{folder}/gt.json")
    found = tidecv.datasets.COCOResult(f"{folder}/dt.json")
    started = time.perf_counter()
    tide = tidecv.TIDE()
    tide.evaluate(truths, found, name="run")
    errors = tide.get_all_errors()
    seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "main": errors["main"]["run"], "special": errors["special"]["run"]}))
