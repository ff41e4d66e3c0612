# --- a suite that passes and fails
import io, unittest
class Stack:
    def __init__(self): self.items = []
    def push(self, x): self.items.append(x)
    def pop(self):
        if not self.items:
            raise IndexError("pop from empty stack")
        return self.items.pop()
class TestStack(unittest.TestCase):
    @classmethod
    def setUpClass(cls): print("class")
    def setUp(self):
        self.stack = Stack()
    def tearDown(self): print("down")
    def test_push(self):
        self.stack.push(1)
        self.assertEqual(self.stack.items, [1])
    def test_pop_empty(self):
        with self.assertRaises(IndexError) as caught:
            self.stack.pop()
        self.assertIn("empty", str(caught.exception))
    def test_fails(self):
        self.assertEqual(1, 2, "not the same")
    def test_breaks(self):
        {}["k"]
    @unittest.skip("later")
    def test_skipped(self): ...
    @unittest.expectedFailure
    def test_expected(self):
        self.assertTrue(False)
suite = unittest.TestLoader().loadTestsFromTestCase(TestStack)
result = unittest.TextTestRunner(stream=io.StringIO(), verbosity=2).run(suite)
print(result.testsRun, len(result.failures), len(result.errors), len(result.skipped), len(result.expectedFailures), result.wasSuccessful())
print(result.skipped[0][1], result.failures[0][0].id().split(".")[-1], suite.countTestCases())
# --- assertions and what they say
import unittest
case = unittest.TestCase()
def say(check, *args, **options):
    try:
        check(*args, **options)
        print("ok")
    except AssertionError as error:
        print(error)
say(case.assertEqual, 1, 1)
say(case.assertEqual, 1, 2)
say(case.assertEqual, [1, 2], [1, 3])
say(case.assertEqual, {"a": 1}, {"a": 2})
say(case.assertEqual, "abc\ndef", "abc\nxyz")
say(case.assertNotEqual, 1, 1)
say(case.assertTrue, [])
say(case.assertFalse, 1, "message")
say(case.assertIs, 1, 2)
say(case.assertIsNone, 3)
say(case.assertIsNotNone, None)
say(case.assertIn, 1, [2, 3])
say(case.assertNotIn, 1, [1])
say(case.assertIsInstance, 1, int)
say(case.assertIsInstance, "x", int)
say(case.assertAlmostEqual, 0.1 + 0.2, 0.3)
say(case.assertAlmostEqual, 1, 1.1, places=1)
say(case.assertGreater, 1, 2)
say(case.assertLessEqual, 3, 2)
say(case.assertCountEqual, [1, 2, 2], [2, 1, 2])
say(case.assertRegex, "hello", "^h")
say(case.assertRegex, "hello", "z")
say(case.assertRaises, ValueError, int, "x")
say(case.assertRaises, KeyError, int, "1")
say(case.fail, "enough")
# --- exceptions expected
import unittest
case = unittest.TestCase()
with case.assertRaises(ValueError) as caught:
    int("x")
print(caught.exception)
with case.assertRaisesRegex(ValueError, "invalid"):
    int("y")
for context in (case.assertRaises((ValueError, KeyError)), case.assertRaisesRegex(ValueError, "nothing like it")):
    try:
        with context:
            if context.expected is ValueError:
                raise ValueError("text")
    except AssertionError as error:
        print(error)
with case.assertRaises(ValueError):
    {}["not this one"]
# --- parts of tests, cleanups, conditions
import unittest
class T(unittest.TestCase):
    def test_parts(self):
        for n in range(4):
            with self.subTest(n=n):
                self.assertEqual(n % 2, 0)
    def test_clean(self):
        self.addCleanup(print, "cleaned", 1)
        print("body")
        self.skipTest("enough")
    @unittest.skipIf(True, "never here")
    def test_if(self): ...
    @unittest.skipUnless(True, "always")
    def test_unless(self): print("runs")
result = unittest.TestResult()
unittest.defaultTestLoader.loadTestsFromTestCase(T).run(result)
print(result.testsRun, len(result.failures), [why for _, why in result.skipped])
suite = unittest.TestSuite()
suite.addTest(T("test_unless"))
suite.addTests([T("test_if")])
print([type(t).__name__ for t in suite], suite.run(unittest.TestResult()).testsRun)
