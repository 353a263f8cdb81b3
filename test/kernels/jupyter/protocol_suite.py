"""jupyter_kernel_test on the kernel named in DETLAB_KERNEL: every sample filled in, so that nothing is skipped.

Runs the test classes named as arguments; prints one JSON line per test: {"test", "outcome", "details"}.
"""

import json
import os
import sys
import time
import unittest

import jupyter_kernel_test

KERNEL = os.environ["DETLAB_KERNEL"]
BOOK = "(globalThis as any)[Symbol.for('detlab.notebook')]"


class DetLabTests(jupyter_kernel_test.KernelTests):
    kernel_name = KERNEL
    language_name = "typescript"
    file_extension = ".ts"
    code_hello_world = "console.log('hello, world')"
    code_stderr = "console.error('oops')"
    completion_samples = [
        {"text": "Number.isSafe", "matches": {"isSafeInteger"}},
        {"text": "const point = { left: 1, top: 2 }; point.le", "matches": {"left"}},
        {"text": "tf.tensor"},
    ]
    complete_code_samples = ["1", "const a = 3", "function f() { return 2 }", "if (1) {\n  2\n}", "await 5", "// nothing"]
    incomplete_code_samples = ["function f() {", "foo(", "const s = `abc", "[1, 2,", "if (1) {\n  2"]
    invalid_code_samples = ["const = 3", "1 +* 2", "let let = ;"]
    code_page_something = f"{BOOK}.page('line\\n'.repeat(200))"
    code_generate_error = "throw new RangeError('on purpose')"
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": "'text'.toUpperCase()", "result": "'TEXT'"},
        {"code": "await Promise.resolve([1, 2])", "result": "[ 1, 2 ]"},
        {"code": "({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<b>bold</b>' }) })", "mime": "text/html"},
    ]
    code_display_data = [
        {"code": f"{BOOK}.display({{ 'text/plain': 'shown' }})", "mime": "text/plain"},
        {"code": f"{BOOK}.display({{ 'image/png': new Uint8Array([137, 80]) }})", "mime": "image/png"},
    ]
    code_history_pattern = "6 ?*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "Math.max"
    code_clear_output = f"console.log('gone'); {BOOK}.clearOutput()"

    @classmethod
    def setUpClass(cls):
        """The suite gives each message 0.1 s, which a busy machine can exceed: patience, except when it flushes."""
        super().setUpClass()
        cls.patience = 30
        for channel in (cls.kc.iopub_channel, cls.kc.shell_channel):
            get_msg = channel.get_msg
            channel.get_msg = lambda timeout=None, get=get_msg: get(timeout=max(timeout or 0, cls.patience))

    def flush_channels(self):
        type(self).patience = 0.1
        super().flush_channels()
        type(self).patience = 30


class DetLabWelcomeTests(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = KERNEL
    support_iopub_welcome = True


class RestartTests(unittest.TestCase):
    """What the suite leaves out: jupyter_client's own restart, and its own `input()`."""

    @classmethod
    def setUpClass(cls):
        cls.km, cls.kc = jupyter_kernel_test.start_new_kernel(kernel_name=KERNEL)

    @classmethod
    def tearDownClass(cls):
        cls.kc.stop_channels()
        cls.km.shutdown_kernel()

    def run_cell(self, code, **options):
        return self.kc.execute_interactive(code, timeout=30, **options)["content"]

    def test_restart(self):
        self.assertEqual(self.run_cell("const before = 1;")["status"], "ok")
        started = time.monotonic()
        self.km.restart_kernel()
        self.kc.wait_for_ready(timeout=30)
        self.assertEqual(self.run_cell("const before = 2;")["execution_count"], 1)
        print(f"restarted in {time.monotonic() - started:.2f} s", file=sys.stderr)

    def test_input(self):
        shown = []
        reply = self.run_cell(
            "const name = await input('Name? '); console.log('Hello, ' + name)",
            allow_stdin=True,
            stdin_hook=lambda message: self.kc.input("Ada" if message["content"]["prompt"] == "Name? " else "?"),
            output_hook=lambda message: shown.append(message["content"].get("text", "")),
        )
        self.assertEqual(reply["status"], "ok")
        self.assertIn("Hello, Ada", "".join(shown))


class Report(unittest.TestResult):
    def report(self, test, outcome, details=""):
        print(json.dumps({"test": test.id().split(".", 1)[-1], "outcome": outcome, "details": details}), flush=True)

    def addSuccess(self, test):
        self.report(test, "passed")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.report(test, "skipped", reason)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.report(test, "failed", self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.report(test, "failed", self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            skipped = issubclass(err[0], unittest.SkipTest)
            self.report(subtest, "skipped" if skipped else "failed", self._exc_info_to_string(err, test))


if __name__ == "__main__":
    loader = unittest.TestLoader()
    suite = unittest.TestSuite(loader.loadTestsFromTestCase(globals()[name]) for name in sys.argv[1:])
    result = Report()
    suite.run(result)
    sys.exit(0 if result.wasSuccessful() and not result.skipped else 1)
